import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { projectHere } from '../project-here.ts';

export const deleteCommand: Command = {
  summary: 'Deletes a project with all that it has.',
  more: 'Asks for its slug first.',
  operands: ['[project]'],
  options: ['project', 'yes'],
  examples: [
    ['miaobu delete my-site', 'asks first'],
    ['miaobu delete my-site --yes', 'for scripts'],
  ],
  async run(context, [named]) {
    const { client, terminal, notes, options, world } = context;
    const { slug, url, repository } = await projectHere(context, named ?? options.project);
    if (!options.yes) {
      if (!world.keyboard.interactive) {
        throw new CliError(exitCodes.usage, `Nobody is here to confirm it; to delete ${slug} add --yes.`);
      }
      notes.line(
        `This deletes ${notes.paint('bold', slug)} with its deployments, variables and hooks, and takes ${url} down.`,
      );
      notes.line(`The repository ${repository} stays as it is.`);
      if ((await world.keyboard.ask(`Type ${slug} to delete it: `)).trim() !== slug) {
        throw new CliError(exitCodes.failed, 'Nothing was deleted.');
      }
    }
    const { data } = await client('deleteProject', { params: { project: slug } });
    if (options.json) terminal.json(data);
    else terminal.line(`${slug} is deleted. Its sites are gone within minutes.`);
    return exitCodes.done;
  },
};
