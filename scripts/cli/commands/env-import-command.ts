import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { textOfFile } from '../given-text.ts';
import { ignoredLines } from '../ignored-lines.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom, scopeFrom } from '../variable-choices.ts';

/** Refuses a file of which something would be passed over: what looks set and is not is found late. */
function requireUnderstood(content: string, file: string): void {
  const [first, ...others] = ignoredLines(content);
  if (first === undefined) return;
  const lines = others.length === 0 ? `Line ${first}` : `Lines ${[first, ...others].join(', ')}`;
  const name = file === '-' ? 'standard input' : printableText(file);
  throw new CliError(exitCodes.usage, `${lines} of ${name}: not NAME=value, and not a comment. Nothing was set.`);
}

export const envImportCommand: Command = {
  summary: 'Sets the variables of a .env file.',
  more: 'Sets all of them, or none if one cannot be set. The file - is standard input.',
  operands: ['<file>'],
  options: ['project', 'environment', 'scope', 'plain', 'keep'],
  optionHelp: {
    environment: 'production or staging; default: production',
    plain: 'not secrets: their values stay readable',
  },
  examples: [
    ['miaobu env import .env.production', 'sets production'],
    ['decrypt secrets | miaobu env import -', 'what another program prints'],
  ],
  async run(context, [file = '']) {
    const { client, terminal, options, world } = context;
    const environment = environmentFrom(options.environment) ?? 'production';
    const scope = scopeFrom(options.scope);
    const { slug } = await projectHere(context);
    const content = await textOfFile(world, file);
    requireUnderstood(content, file);
    const { data } = await client('importVariables', {
      params: { project: slug },
      body: { content, environment, scope, is_secret: !options.plain, overwrite: !options.keep },
    });
    if (options.json) terminal.json(data);
    else {
      const names = data.map(({ key }) => key).join(', ');
      terminal.line(`Set in ${environment}: ${names}. They take effect with the next deployment.`);
    }
    return exitCodes.done;
  },
};
