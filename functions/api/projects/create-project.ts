import type { BodyOf } from '@miaobu/shared/contracts/endpoint';
import type { createProject as contract } from '@miaobu/shared/contracts/projects';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { randomToken, showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { slugFrom, slugProblem, slugWithSuffix } from '@miaobu/shared/kernel/slug';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import type { ShownDeployment } from '@miaobu/shared/model/deployment/shown-deployments-repository';
import { type BranchHead, readBranchHead } from '@miaobu/shared/model/environment/branch-head';
import { connectHookMessage } from '@miaobu/shared/model/project/connect-hook-message';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import { type ProjectSettings, webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { NewProject, ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { CodeHost, CodeRepository } from '@miaobu/shared/ports/code-host';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { presentDeployment } from '../deployments/present-deployment.ts';
import type { Operation } from '../operation.ts';
import { requireAllProjects } from './find-project.ts';
import { presentProject } from './present-project.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction' | 'projects'>;
  readonly sealer: Sealer;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

type Body = BodyOf<typeof contract>;

const SLUG_TRIES = 5;

const settingsOf = (body: Body): ProjectSettings => ({
  rootDirectory: body.root_directory ?? '',
  installCommand: body.install_command ?? null,
  buildCommand: body.build_command ?? null,
  outputDirectory: body.output_directory ?? null,
  startCommand: body.start_command ?? null,
  runtime: body.runtime ?? null,
  nodeVersion: body.node_version ?? null,
  spa: body.spa ?? null,
});

/** What the code host reports about the repository and its branch, with the user's own permissions. */
async function inspect(
  deps: Deps,
  userId: string,
  body: Body,
): Promise<{ repository: CodeRepository; branch: string; head: BranchHead }> {
  const token = await deps.readGithubToken(userId);
  const repository = await deps.codeHost.getRepository(token, body.repo);
  if (!repository) throw new AppError('repository_not_found', { details: { repo: body.repo } });
  const branch = body.branch ?? repository.defaultBranch;
  const head = await readBranchHead(deps.codeHost, token, repository, branch);
  if (!head) throw new AppError('branch_not_found', { details: { repo: body.repo, branch } });
  return { repository, branch, head };
}

/** A slug given by the user is used as it is or refused; one derived from a name may get a suffix. */
function* slugCandidates(body: Body): Generator<string> {
  if (body.slug !== undefined) {
    const problem = slugProblem(body.slug);
    if (problem) throw invalidFields('body', [{ path: ['slug'], message: problem }]);
    yield body.slug;
    return;
  }
  const slug = slugFrom(body.name ?? body.repo.split('/')[1] ?? '');
  yield slug;
  for (let i = 1; i < SLUG_TRIES; i++) yield slugWithSuffix(slug);
}

/** Everything a new project consists of, in one transaction; external resources follow through the outbox. */
async function insertEverything(
  repositories: Repositories,
  address: SiteAddress,
  wanted: {
    readonly project: NewProject;
    readonly branch: string;
    readonly head: BranchHead;
    readonly requestId: string;
  },
): Promise<{ project: ShownProject; deployment: ShownDeployment }> {
  const { branch, head, requestId } = wanted;
  const { userId } = wanted.project;
  const { maxProjects } = await repositories.limits.lock(userId);
  if ((await repositories.limits.countProjects(userId)) >= maxProjects) {
    throw new AppError('limit_reached', { details: { limit: 'projects', max: maxProjects } });
  }
  const project = await repositories.projects.insert(wanted.project);
  const inserted = await repositories.environments.insert({ projectId: project.id, name: 'production', branch });
  const environment = await repositories.environments.lock(inserted.id);
  const hostname = address.hostname(project.slug);
  await repositories.routes.insert({ hostname, projectId: project.id, environmentId: environment.id });
  await repositories.enqueue(
    connectHostnameMessage(project.id, hostname, requestId),
    connectHookMessage(project.id, requestId),
  );
  const deployment = await queueHead(repositories, 'api', {
    project,
    environment,
    head,
    trigger: 'import',
    dedupeKey: `import:${project.id}`,
    requestId,
  });
  const shown = await repositories.shownDeployments.find(project.id, deployment.id);
  if (!shown) throw new AppError('internal', { message: 'the deployment is not there' });
  return { project: { ...project, branch, currentDeploymentId: null }, deployment: shown };
}

/** Imports a repository. Answers after the commit; hook, hostname and the first build follow at once. */
export const createProject =
  (deps: Deps): Operation<'createProject'> =>
  async ({ body }, { user, credential }, { requestId, log }) => {
    requireAllProjects(credential);
    const { repository, branch, head } = await inspect(deps, user.id, body);
    const id = await deps.store.projects.newId();
    const webhookSecretSealed = await deps.sealer.seal(randomToken(), {
      project: id,
      context: webhookSecretContext(id),
    });
    for (const slug of slugCandidates(body)) {
      const project: NewProject = {
        ...settingsOf(body),
        id,
        userId: user.id,
        slug,
        name: body.name ?? repository.fullName.split('/')[1] ?? slug,
        githubRepositoryId: repository.id,
        repository: repository.fullName,
        watchPaths: body.watch_paths ?? null,
        webhookSecretSealed,
      };
      try {
        const created = await deps.store.transaction((repositories) =>
          insertEverything(repositories, deps.address, { project, branch, head, requestId }),
        );
        log.info('project created', { projectId: showId('project', id), slug });
        await deps.doorbell.ring(requestId);
        return {
          data: {
            ...presentProject(deps.address, created.project),
            deployment: presentDeployment(deps.address, created.deployment),
          },
        };
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'slug_unavailable' || body.slug !== undefined) throw error;
      }
    }
    throw new AppError('slug_unavailable');
  };
