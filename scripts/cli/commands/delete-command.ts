import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { projectHere } from '../project-here.ts';

export const deleteCommand: Command = {
  summary: 'Deletes a project and everything in it.',
  more: 'Asks you to type its slug first.',
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
        throw new CliError(exitCodes.usage, `Not a terminal, so nobody can confirm; to delete ${slug}, add --yes.`);
      }
      notes.line(
        `This deletes ${notes.paint('bold', slug)} with its deployments, variables and deploy hooks, and takes ${url} offline.`,
      );
      notes.line(`The repository ${repository} is not touched.`);
      if ((await world.keyboard.ask(`Type ${slug} to delete it: `)).trim() !== slug) {
        throw new CliError(exitCodes.failed, 'Nothing was deleted.');
      }
    }
    const { data } = await client('deleteProject', { params: { project: slug } });
    if (options.json) terminal.json(data);
    else terminal.line(`Deleted ${slug}. Its sites go offline within minutes.`);
    return exitCodes.done;
  },
};
