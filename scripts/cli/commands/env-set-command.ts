import { ApiError } from '@miaobu/shared/contracts/client';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { textOfFile } from '../given-text.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom, scopeFrom } from '../variable-choices.ts';

/** The value, from wherever no other program can read it along. A line's end at its very end is the file's, not the value's. */
async function readValue({ world, options }: CommandContext, name: string): Promise<string> {
  const { keyboard } = world;
  if (options.file === undefined && keyboard.interactive) return keyboard.askSecret(`Value of ${name}: `);
  return (await textOfFile(world, options.file ?? '-')).replace(/\r?\n$/, '');
}

interface Wish {
  readonly key: string;
  readonly value: string;
  readonly environment: 'production' | 'staging';
  readonly scope: 'build' | 'runtime' | 'both' | undefined;
  readonly is_secret: boolean;
}

/** Changes the variable if it is there, and makes it if not. */
async function put(context: CommandContext, project: string, wish: Wish) {
  const { client } = context;
  const { key, value, environment, scope, is_secret } = wish;
  const find = async () => {
    const { data } = await client('listVariables', { params: { project }, query: { environment } });
    return data.find((each) => each.key === key);
  };
  const change = async (variable: string) =>
    (await client('updateVariable', { params: { project, variable }, body: { value, scope, is_secret } })).data;
  const existing = await find();
  if (existing) return change(existing.id);
  try {
    return (await client('createVariable', { params: { project }, body: wish })).data;
  } catch (error) {
    // Somebody made it in between.
    const made = error instanceof ApiError && error.code === 'conflict' ? await find() : undefined;
    if (!made) throw error;
    return change(made.id);
  }
}

export const envSetCommand: Command = {
  summary: 'Sets an environment variable.',
  more: 'The value is asked for, or read from standard input or a file; never from the command line, which other users can see.',
  operands: ['<name>'],
  options: ['project', 'environment', 'scope', 'plain', 'file'],
  optionHelp: {
    environment: 'production or staging; default: production',
    scope: 'build, runtime or both; default: unchanged, or both for a new one',
  },
  examples: [
    ['miaobu env set API_KEY', 'asks for the value, without showing it'],
    ['miaobu env set API_KEY < key.txt', 'takes it from a file'],
    ['echo 中文 | miaobu env set GREETING --plain', 'not a secret: its value stays readable'],
  ],
  async run(context, [key = '']) {
    const { terminal, options } = context;
    if (key.includes('=')) {
      const [name] = key.split('=', 1);
      const how = `Give the name alone and be asked, or pipe the value in: miaobu env set ${printableText(name || 'NAME')}`;
      throw new CliError(
        exitCodes.usage,
        `A value does not belong on the command line, where others can see it. ${how}`,
      );
    }
    const environment = environmentFrom(options.environment) ?? 'production';
    const scope = scopeFrom(options.scope);
    const { slug } = await projectHere(context);
    const value = await readValue(context, key);
    const variable = await put(context, slug, { key, value, environment, scope, is_secret: !options.plain });
    if (options.json) terminal.json(variable);
    else terminal.line(`Set ${variable.key} in ${variable.environment}. It takes effect with the next deployment.`);
    return exitCodes.done;
  },
};
