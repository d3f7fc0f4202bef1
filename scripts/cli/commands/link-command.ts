import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { linkHere } from '../git-here.ts';
import { projectHere } from '../project-here.ts';

export const linkCommand: Command = {
  summary: 'Ties this repository to a project.',
  more: 'Without a name to the project that is made of its remote. It is kept in .git/config, which is never committed.',
  operands: ['[project]'],
  options: [],
  examples: [
    ['miaobu link', 'finds the project of this repository, or lets you choose'],
    ['miaobu link my-site', 'from now on commands here are about my-site'],
  ],
  async run(context, [named]) {
    const { terminal, options, world } = context;
    const project = await projectHere(context, named);
    if (!(await linkHere(world, project.slug))) {
      throw new CliError(exitCodes.usage, 'This folder is in no git repository, so there is nothing to link.');
    }
    if (options.json) terminal.json(project);
    else terminal.line(`Commands in this repository are about ${terminal.paint('bold', project.slug)} from now on.`);
    return exitCodes.done;
  },
};
