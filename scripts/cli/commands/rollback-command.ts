import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { CliError, exitCodes } from '../cli-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { deploymentNamed } from '../deployment-named.ts';
import { orMissing } from '../or-missing.ts';
import { shortSha } from '../printing/deployment-words.ts';
import { timeAgo } from '../printing/time-words.ts';
import { projectHere } from '../project-here.ts';

const RECENT = 100;

/** What was shown before what is shown now: of the complete ones, the last that went live earlier. */
async function previous({ client }: CommandContext, project: string, environment: string): Promise<Deployment> {
  const query = { environment, status: 'deployed' as const, limit: RECENT };
  const { data } = await client('listDeployments', { params: { project }, query });
  const activation = ({ activated_at }: Deployment) => (activated_at === null ? 0 : Date.parse(activated_at));
  const current = data.find((each) => each.current);
  const before = data
    .filter((each) => !each.current && activation(each) > 0 && (!current || activation(each) < activation(current)))
    .toSorted((a, b) => activation(b) - activation(a));
  const [last] = before;
  if (last) return last;
  throw new CliError(exitCodes.missing, `${environment} of ${project} has no earlier deployment to roll back to.`);
}

export const rollbackCommand: Command = {
  summary: 'Rolls back to an earlier deployment.',
  more: 'Default: the one that was live before. Turns auto-promotion off: new deployments wait until you promote one.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  examples: [
    ['miaobu rollback', 'rolls production back to the previous deployment'],
    ['miaobu rollback dep_01jd…', 'to this deployment'],
    ['miaobu promote', 'later: makes the newest live and turns auto-promotion on again'],
  ],
  async run(context, [named]) {
    const { client, terminal, options, world } = context;
    const project = await projectHere(context);
    const name = options.environment ?? 'production';
    const params = { project: project.slug, environment: name };
    // What it shows is read first: whoever changes it meanwhile makes this a refusal instead of a surprise.
    const { etag } = await orMissing(
      () => client('getEnvironment', { params }),
      `${project.slug} has no environment "${params.environment}". See: miaobu environments`,
    );
    const target =
      named === undefined
        ? await previous(context, project.slug, name)
        : await deploymentNamed(context, project, named);
    const { data: environment } = await client('rollbackEnvironment', {
      params,
      body: { deployment: target.id },
      headers: { 'if-match': etag },
    });
    if (options.json) terminal.json(environment);
    else {
      const created = timeAgo(target.created_at, world.now());
      terminal.line(`Rolled ${name} back to ${shortSha(target.commit_sha)} (${target.id}, created ${created}).`);
      terminal.line(`It is live within seconds: ${environment.url}`);
      terminal.line('Auto-promotion is off: new deployments wait until you run miaobu promote.');
    }
    return exitCodes.done;
  },
};
