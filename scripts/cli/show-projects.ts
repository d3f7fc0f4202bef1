import { exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import { everyPage } from './every-page.ts';
import { printableText } from './printable-text.ts';

export const showProjects: Command = {
  summary: 'Lists your projects.',
  operands: [],
  options: [],
  async run({ client, terminal, options }) {
    const projects = await everyPage((query) => client('listProjects', { query }));
    if (options.json) terminal.json(projects);
    else if (projects.length === 0) terminal.line('No projects yet. Import one with: import <owner/name>');
    else {
      terminal.table(
        ['PROJECT', 'REPOSITORY', 'BRANCH', 'LIVE', 'URL'],
        projects.map(({ slug, repository, branch, current_deployment_id, url }) => [
          { text: slug, style: 'bold' },
          repository,
          printableText(branch),
          current_deployment_id === null ? { text: 'no', style: 'dim' } : { text: 'yes', style: 'green' },
          url,
        ]),
      );
    }
    return exitCodes.done;
  },
};
