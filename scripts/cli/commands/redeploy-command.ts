import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { shortSha } from '../printing/deployment-words.ts';
import { awaitDeployment } from '../printing/show-progress.ts';
import { projectHere } from '../project-here.ts';

/** Without a name nothing older is taken instead: it would take the place of the folder. */
const notRebuilt = ({ id, environment }: Deployment, isNamed: boolean) => {
  const what = isNamed ? `${id} is` : `The newest deployment in ${environment}, ${id}, is`;
  return new CliError(
    exitCodes.failed,
    `${what} an uploaded folder, which cannot be rebuilt. Upload it again: miaobu deploy <folder>. To rebuild a commit, name it: miaobu redeploy <commit>`,
  );
};

export const redeployCommand: Command = {
  summary: 'Rebuilds the commit of a deployment.',
  more: 'With the current settings and variables. Default: the newest deployment. Waits until it is live.',
  operands: ['[deployment]'],
  options: ['project', 'environment', 'no-wait'],
  optionHelp: { environment: 'the newest of this environment; default: production' },
  examples: [
    ['miaobu redeploy', 'the newest deployment'],
    ['miaobu redeploy 3f2c1ab', 'the newest of that commit'],
  ],
  async run(context, [named]) {
    const { client, terminal, options } = context;
    const project = await projectHere(context);
    const environment = options.environment ?? 'production';
    const isMeant = (each: Deployment) => each.environment === environment;
    const old = await deploymentNamed(context, project, named, isMeant, `deployment in ${environment}`);
    if (old.commit_sha === null) throw notRebuilt(old, named !== undefined);
    const params = { project: project.slug, deployment: old.id };
    const { data: begun } = await client('redeployDeployment', { params, body: {} });
    if (!options.json) {
      terminal.line(`Rebuilding ${shortSha(begun.commit_sha)} for ${begun.environment} of ${project.slug}.`);
    }
    return awaitDeployment(context, project, begun);
  },
};
