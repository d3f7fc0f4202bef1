import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { scopes } from '@miaobu/shared/contracts/scopes';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { githubTokenContext, type User } from '@miaobu/shared/model/account/account-repository';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog, BuildLogEntry } from '@miaobu/shared/ports/build-log';
import type { CodeRepository } from '@miaobu/shared/ports/code-host';
import { createLog } from '@miaobu/shared/runtime/logger';
import { webApp } from '@miaobu/shared/runtime/web-function';
import { apiRoutes } from '../../functions/api/api-routes.ts';
import { answerDeviceLogin } from '../../functions/api/auth/device-login.ts';
import { sessionByCookie } from '../../functions/api/auth/session-by-cookie.ts';
import { authenticate } from '../../functions/api/authenticate.ts';
import { answerOnce } from '../../functions/api/onion/answer-once.ts';
import { limit } from '../../functions/api/onion/limit.ts';
import { openStream } from '../../functions/api/onion/open-stream.ts';
import { type Deps as OperationsDeps, operations } from '../../functions/api/operations.ts';
import { pageRoutes } from '../../functions/api/page-routes.ts';
import { type IdentityOptions, identityUnderTest } from './identity-under-test.ts';
import type { TestStore } from './prepare-deployment.ts';
import { signedInClient } from './signed-in-client.ts';

export const ORIGIN = 'https://api.miaobu.localhost';
/** Where a page is from that may use the API. */
export const PAGE_ORIGIN = 'https://console.example';

/** A repository at the code host: branch → commit. Empty until somebody pushes. */
export interface HostedRepository {
  readonly id: number;
  readonly fullName: string;
  readonly branches: Readonly<Record<string, string>>;
  /** Of the last push, in seconds. */
  readonly pushedAt?: number;
  /** Commits that are no branch's head. */
  readonly commits?: readonly string[];
  /** What every commit of it holds: text by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** There are more files than the code host lists. */
  readonly truncated?: boolean;
  /** Tokens that may see it. */
  readonly visibleTo: readonly string[];
}

/** The code host as a plain object. Every repository's default branch is `main`; names are found in any case, as at GitHub. */
function memoryCodeHost(): OperationsDeps['codeHost'] & { repositories: HostedRepository[]; readonly read: string[] } {
  const repositories: HostedRepository[] = [];
  const find = (token: string, fullName: string) =>
    repositories.find(
      (repository) =>
        repository.fullName.toLowerCase() === fullName.toLowerCase() && repository.visibleTo.includes(token),
    );
  const read: string[] = [];
  const present = ({ id, fullName, pushedAt }: HostedRepository): CodeRepository => ({
    id,
    fullName,
    defaultBranch: 'main',
    private: true,
    cloneUrl: `https://github.example/${fullName}.git`,
    pushedAt: pushedAt === undefined ? undefined : new Date(pushedAt * 1000),
  });
  return {
    repositories,
    read,
    async listRepositories(token, { number, size }) {
      const visible = repositories.filter(({ visibleTo }) => visibleTo.includes(token));
      const hasMore = number * size < visible.length;
      return { repositories: visible.slice((number - 1) * size, number * size).map(present), hasMore };
    },
    async listBranches(token, fullName, { number, size }) {
      const found = find(token, fullName);
      if (!found) return undefined;
      const all = Object.entries(found.branches).map(([name, sha]) => ({ name, sha }));
      return { branches: all.slice((number - 1) * size, number * size), hasMore: number * size < all.length };
    },
    async listTree(token, fullName, sha) {
      const found = find(token, fullName);
      if (!found || !Object.values(found.branches).includes(sha)) return undefined;
      return { paths: Object.keys(found.files ?? {}), truncated: found.truncated ?? false };
    },
    async readFile(token, fullName, path, _ref, limitBytes) {
      read.push(path);
      const text = find(token, fullName)?.files?.[path];
      return text === undefined || Buffer.byteLength(text) > limitBytes ? undefined : text;
    },
    async getRepository(token, fullName) {
      const repository = find(token, fullName);
      return repository && present(repository);
    },
    async getBranchHead(token, fullName, branch) {
      const sha = find(token, fullName)?.branches[branch];
      return sha === undefined
        ? undefined
        : { sha, message: `Work on ${branch}`, authorName: 'You', committedAt: new Date(0) };
    },
    async getCommit(token, fullName, ref) {
      const repository = find(token, fullName);
      const known = [...Object.values(repository?.branches ?? {}), ...(repository?.commits ?? [])].includes(ref);
      return known ? { sha: ref, message: 'A commit', authorName: 'You', committedAt: new Date(0) } : undefined;
    },
  };
}

/** The build log as a plain object: cursors are `after-{n}`. */
function memoryBuildLog(): Pick<BuildLog, 'read'> & { lines: Map<string, string[]>; asked: unknown[] } {
  const lines = new Map<string, string[]>();
  const asked: unknown[] = [];
  return {
    lines,
    asked,
    async read({ deploymentId }, options) {
      asked.push({ deploymentId, ...options });
      const [, after] = /^after-(\d+)$/.exec(options.after ?? 'after-0') ?? [];
      if (after === undefined) throw new AppError('invalid_request');
      const all: BuildLogEntry[] = (lines.get(deploymentId) ?? []).map((text, index) => ({
        cursor: `after-${index + 1}`,
        attempt: 1,
        at: '2031-02-03T04:05:06.000Z',
        text,
      }));
      const entries = all.slice(Number(after), Number(after) + options.limit);
      const last = entries.at(-1);
      return last && last !== all.at(-1) ? { entries, nextCursor: last.cursor } : { entries };
    },
  };
}

export interface SignedUpUser {
  readonly user: User;
  readonly token: string;
  readonly client: ApiClient;
  /** One request with this user's token. */
  ask(method: string, path: string, options?: AskOptions): Promise<RawAnswer>;
}

export interface AskOptions {
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly data?: unknown;
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly details?: { readonly fields?: readonly { readonly path: string; readonly problem: string }[] };
    };
    readonly request_id?: string;
  };
}

export interface ApiOptions {
  readonly identity?: IdentityOptions;
  /** Of the limits: high unless told otherwise, so that only tests about them meet them. */
  readonly rateLimitScale?: number;
  /** Other endpoints than those of the API, with who answers them. */
  readonly endpoints?: {
    readonly table: Readonly<Record<string, Endpoint>>;
    readonly operations: Readonly<Record<string, unknown>>;
  };
  readonly assertReady?: () => Promise<void>;
  /** The instance is about to end. */
  readonly stopping?: AbortSignal;
}

/** `api` as its handler puts it together, asked without a socket between. The code host and the build log are in memory. */
export function apiUnderTest(
  {
    store,
    sealer,
    tokens = buildTokens({ current: randomToken(32) }),
  }: Pick<TestStore, 'sealer'> & Partial<Pick<TestStore, 'tokens'>> & { readonly store: Store },
  { identity, rateLimitScale = 100, endpoints, assertReady, stopping = new AbortController().signal }: ApiOptions = {},
) {
  const codeHost = memoryCodeHost();
  const buildLog = memoryBuildLog();
  const rings: string[] = [];
  const log: string[] = [];
  let tokenLookups = 0;
  const accounts: Store['accounts'] = {
    ...store.accounts,
    findByApiToken(hash) {
      tokenLookups += 1;
      return store.accounts.findByApiToken(hash);
    },
  };
  const signIn = identityUnderTest({ store, sealer }, ORIGIN, identity);
  const deps = {
    store: { ...store, accounts },
    sealer,
    readGithubToken: readGithubToken({ store, sealer, login: signIn.login }),
    codeHost,
    buildLog,
    address: siteAddress('https://sites.example'),
    // The time that it would wait passes at once.
    sleep: () => new Promise<void>((resolve) => void setImmediate(resolve)),
    ...signIn,
    buildTokens: tokens,
    ownOrigins: [ORIGIN, PAGE_ORIGIN],
  };
  const doorbell = { ring: async (requestId: string) => void rings.push(requestId) };
  const all = operations({ ...deps, doorbell });
  const app = webApp(createLog({}, (line) => log.push(line)));
  pageRoutes(app, {
    store,
    controlOrigin: ORIGIN,
    sessionByCookie: sessionByCookie(deps),
    answerDeviceLogin: answerDeviceLogin(deps),
    limit: limit({ ...deps, scale: rateLimitScale }),
  });
  apiRoutes(app, {
    authenticate: authenticate(deps),
    limit: limit({ ...deps, scale: rateLimitScale }),
    answerOnce: answerOnce({ store, sealer }),
    openStream: openStream({ store, stopping }),
    corsOrigins: [PAGE_ORIGIN],
    assertReady: assertReady ?? store.assertReady,
    operations: { ...all, ...endpoints?.operations },
    ...(endpoints && { table: endpoints.table }),
  });

  async function ask(method: string, path: string, { body, headers = {} }: AskOptions = {}): Promise<RawAnswer> {
    const response = await app.request(`${ORIGIN}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as RawAnswer['body']);
    return { status: response.status, headers: response.headers, text, body: parsed };
  }

  /** A user with an API token and, unless told otherwise, a GitHub account that is connected with the token `github-{login}`. */
  async function signUp(login: string, options: { readonly connected?: boolean } = {}): Promise<SignedUpUser> {
    const githubId = Number.parseInt(sha256Hex(login).slice(0, 8), 16);
    const user = await store.accounts.upsertUser({ githubId, githubLogin: login });
    const { token, sha256, prefix } = mintApiToken();
    await store.accounts.insertApiToken({ userId: user.id, name: 'test', prefix, sha256, scopes });
    if (options.connected ?? true) {
      const sealed = await sealer.seal(`github-${login}`, { context: githubTokenContext(user.id) });
      await store.accounts.storeGithubToken(user.id, sealed);
    }
    const client = createClient({
      origin: ORIGIN,
      token,
      fetch: async (input, init) => app.request(input instanceof URL ? input.href : input, init),
    });
    return {
      user,
      token,
      client,
      ask: (method, path, { body, headers } = {}) =>
        ask(method, path, {
          headers: { authorization: `Bearer ${token}`, ...headers },
          ...(body === undefined ? {} : { body }),
        }),
    };
  }

  return {
    app,
    ask,
    /** What people are signed in with. */
    identity: signIn,
    signUp,
    /** The operations for somebody who is signed in. */
    signedIn: signedInClient(all),
    codeHost,
    buildLog,
    /** Rings of the doorbell. */
    rings,
    /** What was logged, a line each. */
    log,
    /** How often a token was looked for in the database. */
    tokenLookups: () => tokenLookups,
  };
}
export type ApiUnderTest = ReturnType<typeof apiUnderTest>;
