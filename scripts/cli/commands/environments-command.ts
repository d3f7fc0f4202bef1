import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { printableText } from '../printing/printable-text.ts';
import { projectHere } from '../project-here.ts';

export const environmentsCommand: Command = {
  summary: 'Lists the environments: production, and staging if it is on.',
  operands: [],
  options: ['project'],
  examples: [['miaobu environments', 'with the branch, the live deployment and the URL of each']],
  async run(context) {
    const { client, terminal, options } = context;
    const { slug } = await projectHere(context);
    const { data } = await client('listEnvironments', { params: { project: slug } });
    if (options.json) terminal.json(data);
    else {
      terminal.table(
        ['ENVIRONMENT', 'BRANCH', 'AUTO-PROMOTE', 'LIVE', 'URL'],
        data.map(({ name, branch, auto_promote, current_deployment_id, url }) => [
          { text: name, style: 'bold' },
          printableText(branch),
          auto_promote ? { text: 'on', style: 'green' } : { text: 'off', style: 'yellow' },
          current_deployment_id ?? { text: 'nothing', style: 'dim' },
          url,
        ]),
      );
    }
    return exitCodes.done;
  },
};
