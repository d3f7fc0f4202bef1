import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';

export const environmentsCommand: Command = {
  summary: 'Lists production, and staging while it is on.',
  operands: [],
  options: ['project'],
  examples: [['miaobu environments', 'which branch each follows, and what it shows']],
  async run(context) {
    const { client, terminal, options } = context;
    const { slug } = await projectHere(context);
    const { data } = await client('listEnvironments', { params: { project: slug } });
    if (options.json) terminal.json(data);
    else {
      terminal.table(
        ['ENVIRONMENT', 'BRANCH', 'PUSHES', 'SHOWS', 'URL'],
        data.map(({ name, branch, auto_promote, current_deployment_id, url }) => [
          { text: name, style: 'bold' },
          printableText(branch),
          auto_promote ? { text: 'go live', style: 'green' } : { text: 'wait', style: 'yellow' },
          current_deployment_id ?? { text: 'nothing', style: 'dim' },
          url,
        ]),
      );
    }
    return exitCodes.done;
  },
};
