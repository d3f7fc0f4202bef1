import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { textOfFile } from '../given-text.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom, scopeFrom } from '../variable-choices.ts';

export const envImportCommand: Command = {
  summary: 'Sets all variables of a .env file, or none.',
  more: '- is standard input.',
  operands: ['<file>'],
  options: ['project', 'environment', 'scope', 'plain', 'keep'],
  optionHelp: {
    environment: 'production or staging; default: production',
    plain: 'no secrets: their values can be read again',
  },
  examples: [
    ['miaobu env import .env.production', ''],
    ['decrypt secrets | miaobu env import -', 'what another program prints'],
  ],
  async run(context, [file = '']) {
    const { client, terminal, options, world } = context;
    const environment = environmentFrom(options.environment) ?? 'production';
    const scope = scopeFrom(options.scope);
    const { slug } = await projectHere(context);
    const content = await textOfFile(world, file);
    const { data } = await client('importVariables', {
      params: { project: slug },
      body: { content, environment, scope, is_secret: !options.plain, overwrite: !options.keep },
    });
    if (options.json) terminal.json(data);
    else {
      const names = data.map(({ key }) => key).join(', ');
      terminal.line(`Set in ${environment}: ${names}. Deployments have them from the next one on.`);
    }
    return exitCodes.done;
  },
};
