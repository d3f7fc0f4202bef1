import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { shortSha } from '../printing/deployment-words.ts';
import { projectHere } from '../project-here.ts';

export const promoteCommand: Command = {
  summary: 'Makes a finished deployment live.',
  more: 'Without rebuilding it. Turns auto-promotion on. Default: the newest that is not live.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'the newest of this environment; default: production' },
  examples: [
    ['miaobu promote', 'the newest finished deployment, e.g. after a rollback'],
    ['miaobu promote dep_01jd…', 'this deployment'],
  ],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const project = await projectHere(context);
    const environment = options.environment ?? 'production';
    const isWaiting = (each: Deployment) =>
      each.environment === environment && each.status === 'deployed' && !each.current;
    const found = await deploymentNamed(
      context,
      project,
      named,
      isWaiting,
      `finished deployment of ${environment} that is not live`,
    );
    const params = { project: project.slug, deployment: found.id };
    const { data: shown } = await client('promoteDeployment', { params, body: {} });
    if (options.json) terminal.json(shown);
    else {
      terminal.line(
        `Promoted ${shortSha(shown.commit_sha)} (${shown.id}). It is live in ${shown.environment} within seconds: ${shown.url}`,
      );
    }
    return exitCodes.done;
  },
};
