import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { linkHere } from '../git-here.ts';
import { projectHere } from '../project-here.ts';

export const linkCommand: Command = {
  summary: 'Links this repository to a project.',
  more: 'Default: the project of its git remote. The link is stored in .git/config, which is never committed.',
  operands: ['[project]'],
  options: [],
  examples: [
    ['miaobu link', 'finds the project of this repository, or lets you choose'],
    ['miaobu link my-site', 'commands in this repository now apply to my-site'],
  ],
  async run(context, [named]) {
    const { terminal, options, world } = context;
    const project = await projectHere(context, named);
    if (!(await linkHere(world, project.slug))) {
      throw new CliError(exitCodes.usage, 'This folder is not in a git repository, so there is nothing to link.');
    }
    if (options.json) terminal.json(project);
    else terminal.line(`Linked this repository to ${terminal.paint('bold', project.slug)}.`);
    return exitCodes.done;
  },
};
