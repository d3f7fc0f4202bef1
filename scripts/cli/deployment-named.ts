import type { Deployment } from '@miaobu/shared/contracts/shown-deployment';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { orMissing } from './or-missing.ts';

const RECENT = 100;

/**
 * The deployment that was named by its id, or by its commit or the beginning of it (then the newest of that commit, among the last
 * hundred). Without a name the newest that `isMeant` takes.
 */
export async function deploymentNamed(
  { client, options }: CommandContext,
  project: { readonly slug: string },
  name: string | undefined,
  isMeant: (deployment: Deployment) => boolean = () => true,
  meaning = 'deployment',
): Promise<Deployment> {
  const params = { project: project.slug };
  if (name?.startsWith('dep_')) {
    const get = () => client('getDeployment', { params: { ...params, deployment: name } });
    return (await orMissing(get, `${project.slug} has no deployment ${name}. See: miaobu list ${project.slug}`)).data;
  }
  if (name !== undefined && !/^[0-9a-f]{7,40}$/.test(name)) {
    throw new CliError(
      exitCodes.usage,
      `"${name}" is neither a deployment's id (dep_…) nor a commit (7 to 40 hexadecimal digits).`,
    );
  }
  const query = { limit: RECENT, environment: options.environment };
  const { data } = await client('listDeployments', { params, query });
  const found = data.find((each) => (name === undefined ? isMeant(each) : each.commit_sha?.startsWith(name)));
  if (found) return found;
  const what = name === undefined ? meaning : `deployment of commit ${name}`;
  throw new CliError(
    exitCodes.missing,
    `${project.slug} has no ${what}${name === undefined ? '' : ` among its ${RECENT} newest`}.`,
  );
}
