import type { Deployment } from '@miaobu/shared/contracts/deployments';
import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { shortSha } from '../printing/deployment-words.ts';
import { projectHere } from '../project-here.ts';

export const promoteCommand: Command = {
  summary: 'Shows a complete deployment in its environment.',
  more: 'What is built afterwards goes live by itself (again). Without a name, the newest that is not shown.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  optionHelp: { environment: 'the newest of this environment; default: production' },
  examples: [
    ['miaobu promote', 'the newest complete deployment that is not shown: goes on after a rollback'],
    ['miaobu promote dep_01jd…', ''],
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
      `complete deployment that ${environment} does not show`,
    );
    const params = { project: project.slug, deployment: found.id };
    const { data: shown } = await client('promoteDeployment', { params, body: {} });
    if (options.json) terminal.json(shown);
    else {
      terminal.line(
        `${shown.environment} shows ${shortSha(shown.commit_sha)} (${shown.id}) within seconds: ${shown.url}`,
      );
    }
    return exitCodes.done;
  },
};
