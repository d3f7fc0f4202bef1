import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { envLine } from '../printing/env-line.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom } from '../variable-choices.ts';

export const envPullCommand: Command = {
  summary: 'Prints an environment as a .env file.',
  more: 'Secrets are listed without values: those are never shown.',
  operands: [],
  options: ['project', 'environment'],
  optionHelp: { environment: 'production or staging; default: production' },
  examples: [['miaobu env pull > .env.local', 'writes production to a file']],
  async run(context) {
    const { client, terminal, notes, options } = context;
    const environment = environmentFrom(options.environment) ?? 'production';
    const { slug } = await projectHere(context);
    const { data } = await client('listVariables', { params: { project: slug }, query: { environment } });
    if (options.json) {
      terminal.json(data);
      return exitCodes.done;
    }
    for (const variable of data) terminal.line(envLine(variable));
    const secrets = data.filter(({ is_secret }) => is_secret).length;
    if (secrets > 0) notes.line(`${secrets} of ${data.length} are secrets, whose values are never shown.`);
    return exitCodes.done;
  },
};
