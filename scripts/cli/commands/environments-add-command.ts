import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { awaitDeployment } from '../printing/show-progress.ts';
import { projectHere } from '../project-here.ts';

export const environmentsAddCommand: Command = {
  summary: 'Switches staging on.',
  more: 'A second address of the project that shows another branch. Waits until its first deployment is live.',
  operands: [],
  options: ['project', 'branch', 'no-wait'],
  optionHelp: { branch: 'the branch to deploy to staging (required)' },
  examples: [['miaobu environments add --branch next', 'deploys the branch next to staging']],
  async run(context) {
    const { client, terminal, options } = context;
    const { branch } = options;
    if (branch === undefined) {
      throw new CliError(exitCodes.usage, 'Which branch? miaobu environments add --branch <branch>');
    }
    const project = await projectHere(context);
    const { data } = await client('createEnvironment', {
      params: { project: project.slug },
      body: { name: 'staging', branch },
    });
    const { deployment: begun, ...environment } = data;
    if (!options.json)
      terminal.line(`Switched staging of ${terminal.paint('bold', project.slug)} on: ${environment.url}`);
    return awaitDeployment(context, project, begun, (deployment) => ({ ...environment, deployment }));
  },
};
