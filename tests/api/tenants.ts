import { scopes } from '@miaobu/shared/contracts/scopes';
import { enqueue, outbox } from '@miaobu/shared/db/outbox';
import { type IdKind, showId } from '@miaobu/shared/kernel/ids';
import type { ApiUnderTest } from '../database/api-under-test.ts';
import { openBrowser } from '../database/browser.ts';
import type { TestStore } from '../database/prepare-deployment.ts';

/** Somebody with a session and a token for everything. */
export interface Tenant {
  readonly login: string;
  readonly session: string;
  readonly token: string;
  /** One request with the session; throws unless it is answered with success. */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
}

export interface World {
  readonly own: TestStore;
  readonly api: ApiUnderTest;
  /** Runs the platform. */
  readonly operator: Tenant;
  readonly ada: Tenant;
  readonly bob: Tenant;
}

/** The first to sign in is admin. */
const OPERATOR = 'operator';

const idOf = (made: Record<string, unknown>) => String(made.id);
let made = 0;
const fresh = () => {
  made += 1;
  return made;
};

async function signIn(api: ApiUnderTest, login: string): Promise<Tenant> {
  const browser = openBrowser(api);
  const start = await browser.ask('/api/v1/auth/github');
  const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
  await browser.ask(`/api/v1/auth/github/callback?${new URLSearchParams({ code: login, state })}`);
  const session = await browser.accessToken();
  const call: Tenant['call'] = async (method, path, body) => {
    const answer = await api.ask(method, path, {
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.body.data ?? {}) as Record<string, unknown>;
  };
  const { token } = await call('POST', '/api/v1/tokens', {
    name: 'everything',
    scopes: scopes.filter((scope) => login === OPERATOR || !scope.startsWith('platform:')),
  });
  return { login, session, token: String(token), call };
}

/** An operator and two tenants who have nothing yet. */
export async function makeWorld(own: TestStore, api: ApiUnderTest): Promise<World> {
  const operator = await signIn(api, OPERATOR);
  const { users: _, ...rules } = await operator.call('GET', '/api/v1/platform/sign-in-rules');
  await operator.call('PUT', '/api/v1/platform/sign-in-rules', { ...rules, users: ['ada', 'bob'] });
  return { own, api, operator, ada: await signIn(api, 'ada'), bob: await signIn(api, 'bob') };
}

/** Creates a resource of this tenant, in this project if the resource belongs to one, and returns its id. */
type Maker = (world: World, tenant: Tenant, project: string) => Promise<string>;

/** How to create one of everything that a path can name. An operation with a new kind of id in its path needs another line. */
export const makers: Readonly<Record<string, Maker>> = {
  async owner(_, tenant) {
    return tenant.login;
  },
  async repo({ api }, tenant) {
    const number = fresh();
    api.codeHost.repositories.push({
      id: number,
      fullName: `${tenant.login}/site-${number}`,
      branches: { main: 'a'.repeat(40), next: 'b'.repeat(40) },
      visibleTo: [`github-${tenant.login}`],
    });
    return `site-${number}`;
  },
  async project(world, tenant) {
    const repo = await makers.repo?.(world, tenant, '');
    return idOf(await tenant.call('POST', '/api/v1/projects', { repo: `${tenant.login}/${repo}` }));
  },
  async environment(_, tenant, project) {
    const environments = await tenant.call('GET', `/api/v1/projects/${project}/environments`);
    return idOf((environments as unknown as Record<string, unknown>[])[0] ?? {});
  },
  deployment: async (_, tenant, project) =>
    idOf(await tenant.call('POST', `/api/v1/projects/${project}/deployments`, { branch: 'main' })),
  variable: async (_, tenant, project) =>
    idOf(
      await tenant.call('POST', `/api/v1/projects/${project}/variables`, {
        key: `KEY_${fresh()}`,
        value: tenant.login,
      }),
    ),
  deploy_hook: async (_, tenant, project) =>
    idOf(await tenant.call('POST', `/api/v1/projects/${project}/deploy-hooks`, { name: tenant.login })),
  token: async (_, tenant) => idOf(await tenant.call('POST', '/api/v1/tokens', { name: tenant.login })),
  async session({ api }, tenant) {
    await signIn(api, tenant.login);
    const sessions = await tenant.call('GET', '/api/v1/sessions');
    return idOf((sessions as unknown as Record<string, unknown>[])[0] ?? {});
  },
  user: async (_, tenant) => idOf(await tenant.call('GET', '/api/v1/user')),
  async user_code(_, tenant) {
    return String((await tenant.call('POST', '/api/v1/auth/device', { client_name: 'a program' })).user_code);
  },
  async dead_letter({ own }) {
    const hostname = `${fresh()}.example`;
    const lane = `route:${hostname}`;
    const message = { topic: 'route.publish' as const, lane, dedupeKey: lane, payload: { hostname }, maxAttempts: 1 };
    await enqueue(own.db, { ...message, requestId: 'a test' });
    for (;;) {
      const [claimed] = await outbox(own.db).claim('a test', ['route.publish'], 1, 60);
      if (!claimed) throw new Error('nothing was claimed');
      await outbox(own.db).fail(claimed, { errorClass: 'permanent', message: 'vendor_rejected', retry: false });
      if (claimed.lane === lane) return showId('deadLetter', claimed.id);
    }
  },
};

const idKinds: Readonly<Record<string, IdKind>> = {
  deploy_hook: 'deployHook',
  dead_letter: 'deadLetter',
  token: 'apiToken',
};

/** Kinds that are not in a project. */
const OF_NO_PROJECT = ['owner', 'repo', 'token', 'session', 'user', 'user_code', 'dead_letter'];

/** Names of things that do not exist, for kinds that have no id of ours. */
const notTyped: Readonly<Record<string, string>> = { user_code: 'BBBB-BBBB', owner: 'nobody', repo: 'nothing' };

/** An id of this kind that nothing has. */
export const missingId = (kind: string) =>
  notTyped[kind] ?? showId(idKinds[kind] ?? (kind as IdKind), '01893726-efee-7f02-8fbf-9f2b7bc2f910');

/** Creates one of each of these kinds, all in one new project. */
export async function makeIds(world: World, tenant: Tenant, kinds: readonly string[]): Promise<Record<string, string>> {
  const isOfProject = (kind: string) => !OF_NO_PROJECT.includes(kind);
  const project = kinds.some(isOfProject) ? await makers.project?.(world, tenant, '') : undefined;
  const ids: Record<string, string> = project === undefined ? {} : { project };
  for (const kind of kinds) {
    const maker = makers[kind];
    if (!maker) throw new Error(`tests/api/tenants.ts does not know how to make a ${kind}`);
    ids[kind] ??= await maker(world, tenant, project ?? '');
  }
  return ids;
}
