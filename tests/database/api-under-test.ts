import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { scopes } from '@miaobu/shared/contracts/scopes';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { sha256Hex } from '@miaobu/shared/kernel/hmac';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { githubTokenContext, type User } from '@miaobu/shared/model/account/account-repository';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import { createLog } from '@miaobu/shared/runtime/logger';
import { webApp } from '@miaobu/shared/runtime/web-function';
import { apiRoutes } from '../../functions/api/api-routes.ts';
import { answerDeviceLogin } from '../../functions/api/auth/device-login.ts';
import { sessionByCookie } from '../../functions/api/auth/session-by-cookie.ts';
import { authenticate } from '../../functions/api/authenticate.ts';
import { answerOnce } from '../../functions/api/onion/answer-once.ts';
import { limit } from '../../functions/api/onion/limit.ts';
import { openStream } from '../../functions/api/onion/open-stream.ts';
import { operations } from '../../functions/api/operations.ts';
import { pageRoutes } from '../../functions/api/page-routes.ts';
import { type IdentityOptions, identityUnderTest } from './identity-under-test.ts';
import { memoryBuildLog } from './memory-build-log.ts';
import { memoryCodeHost } from './memory-code-host.ts';
import type { TestStore } from './prepare-deployment.ts';
import { signedInClient } from './signed-in-client.ts';

export const ORIGIN = 'https://api.miaobu.localhost';
/** The origin of a page that may use the API. */
export const PAGE_ORIGIN = 'https://console.example';

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
  /** The limits: high by default, so that only tests about limits reach them. */
  readonly rateLimitScale?: number;
  /** Endpoints besides those of the API, with their handlers. */
  readonly endpoints?: {
    readonly table: Readonly<Record<string, Endpoint>>;
    readonly operations: Readonly<Record<string, unknown>>;
  };
  readonly assertReady?: () => Promise<void>;
  /** The instance is about to end. */
  readonly stopping?: AbortSignal;
}

/** `api` as its handler assembles it, called without a socket. The code host and the build log are in memory. */
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
    // Waits take no time.
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

  /** A user with an API token and, by default, a connected GitHub account with the token `github-{login}`. */
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
    /** The operations for a signed-in user. */
    signedIn: signedInClient(all),
    codeHost,
    buildLog,
    /** Rings of the doorbell. */
    rings,
    /** What was logged, a line each. */
    log,
    /** How often a token was looked up in the database. */
    tokenLookups: () => tokenLookups,
  };
}
export type ApiUnderTest = ReturnType<typeof apiUnderTest>;
