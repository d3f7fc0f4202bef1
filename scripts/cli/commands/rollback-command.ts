import type { Deployment } from '@miaobu/shared/contracts/deployments';
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
  throw new CliError(exitCodes.missing, `${environment} of ${project} has shown nothing else that is still there.`);
}

export const rollbackCommand: Command = {
  summary: 'Shows what was shown before, and keeps it there.',
  more: 'Or another deployment. What is pushed afterwards is built, and waits until you promote.',
  operands: ['[deployment]'],
  options: ['project', 'environment'],
  examples: [
    ['miaobu rollback', 'to what production showed before'],
    ['miaobu rollback dep_01jd…', 'to this one'],
    ['miaobu promote', 'afterwards: shows the newest again, and pushes go live again'],
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
      const made = timeAgo(target.created_at, world.now());
      terminal.line(`${name} shows ${shortSha(target.commit_sha)} of ${made} within seconds: ${environment.url}`);
      terminal.line('It stays there: what is pushed from now on is built and waits. miaobu promote goes on.');
    }
    return exitCodes.done;
  },
};
