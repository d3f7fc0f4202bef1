import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import { variableNameProblem, variableValueProblem } from '@miaobu/shared/kernel/variable-rules';
import { parse } from 'dotenv';

/** dotenv backtracks over runs of line breaks: 65,536 in a row would keep it busy for seconds. */
const LONGEST_GAP = 200;

const refusal = (problem: string) => invalidFields('body', [{ path: ['content'], message: problem }]);

function requireNoGaps(content: string): void {
  let gap = 0;
  for (const character of content) {
    gap = character.trim() === '' ? gap + 1 : 0;
    if (gap > LONGEST_GAP) throw refusal(`holds more than ${LONGEST_GAP} spaces or line breaks in a row`);
  }
}

/** The variables of a .env file. Throws `invalid_request` that names everything in it that cannot be set, without values. */
export function parseEnvFile(content: string): ReadonlyMap<string, string> {
  requireNoGaps(content);
  const entries = Object.entries(parse(content));
  if (entries.length === 0) throw refusal('sets no variable: lines look like NAME=value');
  const fields = entries.flatMap(([key, value]) => {
    const [name, content] = [variableNameProblem(key), variableValueProblem(value)];
    const problems = [
      ...(name === undefined ? [] : [`the name ${JSON.stringify(key.slice(0, 128))} ${name}`]),
      ...(content === undefined ? [] : [`the value of ${key.slice(0, 128)} ${content}`]),
    ];
    return problems.map((message) => ({ path: ['content'], message }));
  });
  if (fields.length > 0) throw invalidFields('body', fields);
  return new Map(entries);
}
