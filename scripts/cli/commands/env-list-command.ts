import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { shortened } from '../printing/printable-text.ts';
import { timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';
import { environmentFrom } from '../variable-choices.ts';

const VALUE_WIDTH = 50;

export const envListCommand: Command = {
  summary: 'Lists environment variables.',
  more: 'Values of secrets are never shown.',
  operands: [],
  options: ['project', 'environment'],
  optionHelp: { environment: 'production or staging; default: both' },
  examples: [['miaobu env list -e production', 'those of production only']],
  async run(context) {
    const { client, terminal, options, world } = context;
    const environment = environmentFrom(options.environment);
    const { slug } = await projectHere(context);
    const { data } = await client('listVariables', { params: { project: slug }, query: { environment } });
    if (options.json) terminal.json(data);
    else if (data.length === 0) terminal.line('No variables yet. Set one with: miaobu env set NAME');
    else {
      terminal.table(
        ['NAME', 'VALUE', 'ENVIRONMENT', 'SCOPE', 'CHANGED'],
        data.map(({ key, value, environment, scope, updated_at }) => [
          { text: key, style: 'bold' },
          value === null ? { text: 'secret', style: 'dim' } : shortened(value, VALUE_WIDTH),
          environment,
          scope,
          timeAgo(updated_at, world.now()),
        ]),
      );
    }
    return exitCodes.done;
  },
};
