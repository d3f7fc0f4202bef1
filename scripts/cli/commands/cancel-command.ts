import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { hasEnded } from '../follow-deployment.ts';
import { projectHere } from '../project-here.ts';

export const cancelCommand: Command = {
  summary: 'Cancels a deployment in progress.',
  more: 'Default: the newest in progress.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'the newest of this environment' },
  examples: [['miaobu cancel', 'cancels the newest deployment in progress']],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const project = await projectHere(context);
    const found = await deploymentNamed(context, project, named, (each) => !hasEnded(each), 'deployment in progress');
    const params = { project: project.slug, deployment: found.id };
    const { data: stopped } = await client('cancelDeployment', { params, body: {} });
    if (options.json) terminal.json(stopped);
    else terminal.line(`Cancelled ${stopped.id}.`);
    return exitCodes.done;
  },
};
