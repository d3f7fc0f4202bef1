import path from 'node:path';
import type { Emulator } from '../wire/emulator.ts';
import { actionsRoutes } from './actions-routes.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { createGitSmartHttp } from './git-smart-http.ts';
import { createRateLimits } from './github-rate-limits.ts';
import { createGithubRepositories, type GithubRepository } from './github-repositories.ts';
import { createGithubRestApi } from './github-rest-api.ts';
import { openGithubState } from './github-state.ts';
import { githubUrls } from './github-urls.ts';
import { createGithubUsers, type GithubUser } from './github-users.ts';
import { hookRoutes } from './hook-routes.ts';
import { membershipRoutes } from './membership-routes.ts';
import { createOauthGrants, type OauthApplication } from './oauth-grants.ts';
import { oauthWebFlow } from './oauth-web-flow.ts';
import { createPushIntake } from './push-intake.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { createSourceArchives } from './source-archives.ts';
import { sourceRoutes } from './source-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { createWebhookDeliveries } from './webhook-deliveries.ts';
import { createHooks } from './webhook-hooks.ts';
import { readWorkflowDefinition, type Workflow } from './workflow-definition.ts';
import { createWorkflowRuns } from './workflow-runs.ts';

export interface GithubEmulatorOptions {
  /** Keeps the SQLite file, the bare repositories and the logs of workflow runs. */
  readonly stateDirectory: string;
  /** Where it is mounted, as clients see it (`http://localhost:4001/github`). Called at each use: the port may not be known at first. */
  readonly baseUrl: () => string;
  readonly users: readonly GithubUser[];
  /** Organisation → logins of its active members. */
  readonly organisations?: Readonly<Record<string, readonly string[]>>;
  /** Applications that users may sign in to. */
  readonly applications?: readonly OauthApplication[];
  /** Repository → workflow file → what it does: `{'miaobu/platform': {'build.yml': …}}`. The repositories are created. */
  readonly workflows: Readonly<Record<string, Readonly<Record<string, Workflow>>>>;
  readonly log: (message: string) => void;
  readonly now?: () => number;
  /** How many workflow runs run at the same time; 2 by default. */
  readonly parallelRuns?: number;
  /** How long a push waits to tell what became of its webhooks; 2 s by default. */
  readonly reportWaitMs?: number;
}

export interface GithubEmulator extends Emulator {
  /** Creates a repository, private and empty, unless it exists. Throws `RangeError` for an unknown owner or a bad name. */
  ensureRepository(owner: string, name: string): Promise<GithubRepository>;
  /**
   * Resumes what an earlier process accepted and did not finish: unreported pushes, unsent webhooks, queued runs. To be
   * called once the receivers listen, because a webhook that fails is not sent again.
   */
  resume(): Promise<void>;
}

/**
 * GitHub on this machine: git over smart HTTP at `{base}/git/{owner}/{name}.git`, the REST API at `{base}/api/v3`,
 * archives at `{base}/codeload`, sign-in at `{base}/login/oauth`, signed push webhooks, workflow runs. Requests carry
 * the whole path, mount point included. Every repository is private to its owner. Runs that an earlier process left in
 * progress are cancelled on creation.
 */
export async function createGithubEmulator(options: GithubEmulatorOptions): Promise<GithubEmulator> {
  const { stateDirectory, log, now = Date.now } = options;
  const urls = () => githubUrls(options.baseUrl());
  const state = openGithubState(stateDirectory);
  const grants = createOauthGrants(state, now);
  const users = createGithubUsers(options.users, grants.loginOf);
  const repositories = createGithubRepositories(state, stateDirectory, users, now);
  const hooks = createHooks(state, now);
  const deliveries = createWebhookDeliveries(state, hooks, log, now);
  const pushes = createPushIntake({ state, repositories, hooks, deliveries, users, urls, now });
  const archives = createSourceArchives(state, repositories, urls, now);

  const workflows = new Map<string, ReturnType<typeof readWorkflowDefinition> & Pick<Workflow, 'runner'>>();
  for (const [fullName, files] of Object.entries(options.workflows)) {
    const [owner = '', name = ''] = fullName.split('/');
    const repository = await repositories.ensure(owner, name);
    for (const [file, { definition, runner }] of Object.entries(files)) {
      workflows.set(path.join(String(repository.id), file), {
        ...readWorkflowDefinition(file, definition),
        runner,
      });
    }
  }
  const workflowOf = (repositoryId: number, file: string) => workflows.get(path.join(String(repositoryId), file));
  const runs = createWorkflowRuns({
    state,
    stateDirectory,
    runnerOf: (repositoryId, file) => workflowOf(repositoryId, file)?.runner,
    parallel: options.parallelRuns ?? 2,
    log,
    now,
  });

  const shared = { repositories, users, urls };
  const rest = createGithubRestApi(
    [
      ...statusRoutes({ ...shared, state, now }),
      ...repositoryRoutes(shared),
      ...sourceRoutes({ ...shared, archives }),
      ...hookRoutes({ ...shared, hooks, deliveries }),
      ...deliveryRoutes({ ...shared, hooks, deliveries }),
      ...membershipRoutes({ urls, organisations: options.organisations ?? {} }),
      ...actionsRoutes({ ...shared, runs, definitionOf: workflowOf }),
    ],
    users,
    createRateLimits(now),
  );
  const oauth = oauthWebFlow({ applications: options.applications ?? [], grants, users });
  const { reportWaitMs = 2_000 } = options;
  const git = createGitSmartHttp({ stateDirectory, repositories, users, pushes, deliveries, reportWaitMs });

  for (const { owner, name } of repositories.all()) await repositories.ensure(owner, name);
  await runs.recover();

  return {
    ensureRepository: repositories.ensure,
    async resume() {
      await pushes.recover();
      deliveries.resume();
      runs.resume();
    },
    async handle(request, response) {
      const mount = new URL(urls().base).pathname.replace(/\/$/, '');
      const { pathname } = new URL(request.url ?? '/', 'http://local');
      const door = pathname.startsWith(mount) ? pathname.slice(mount.length) : '';
      const [, clientId] = /^\/api\/v3\/applications\/([^/]+)\/token$/.exec(door) ?? [];
      if (clientId !== undefined && request.method === 'DELETE') return oauth.revoke(request, response, clientId);
      if (door === '/login/oauth/authorize') return oauth.authorize(request, response);
      if (door === '/login/oauth/access_token') return oauth.exchange(request, response);
      const [, kind = '', below = ''] = /^\/(api\/v3|git|codeload)(\/.*)$/.exec(door) ?? [];
      if (kind === 'api/v3') return rest(request, response, below);
      if (kind === 'git') return git(request, response, below);
      if (kind === 'codeload') return archives.handle(request, response, below);
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not Found\n');
    },
    async close() {
      await runs.close();
      await deliveries.close();
      state.database.close();
    },
  };
}
