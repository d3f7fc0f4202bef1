import * as z from 'zod';
import { AppError } from '../../kernel/app-error.ts';
import type { CodeHostGrant, CodeHostLogin } from '../../ports/code-host-login.ts';
import {
  type GithubRequestConfig,
  githubExchange,
  githubRequest,
  readGithubJson,
  retryAfterSeconds,
  statedWait,
} from './github-request.ts';
import { platformRefused, readOwnSecret } from './platform-access.ts';

export interface GithubLoginConfig extends GithubRequestConfig {
  /** `https://github.com`, or the web address of a GitHub Enterprise Server. */
  readonly webUrl: string;
  /** Of an OAuth App, or of a GitHub App (it begins with `Iv`). */
  readonly clientId: string;
  /** Read for each call. */
  readonly clientSecret: () => Promise<string>;
}

const exchanged = z.union([
  z.object({
    access_token: z.string().min(1),
    token_type: z.string().regex(/^bearer$/i),
    expires_in: z.int().positive().optional(),
    refresh_token: z.string().min(1).optional(),
  }),
  // Refusals come with status 200.
  z.object({ error: z.string() }),
]);
const userSchema = z.object({ id: z.int().positive(), login: z.string().min(1).max(100) });
const membershipSchema = z.object({ state: z.string() });

/** The errors that mean an invalid code or token; others are our own mistakes. */
const REFUSED = ['bad_verification_code', 'bad_refresh_token', 'invalid_grant'];
/** The errors that mean that the application itself is refused, whoever signs in. */
const MISREGISTERED = [
  'incorrect_client_credentials',
  'unauthorized_client',
  'redirect_uri_mismatch',
  'application_suspended',
];
const SERVICE = 'sign_in';
const SECRET = 'github-client-secret';

// Hooks, statuses and private code of repositories, and whether the user is in an organisation. OAuth Apps have no
// narrower scopes. A GitHub App gets its permissions from its registration and from the repositories it is installed in,
// and has no scopes.
const OAUTH_APP_SCOPES = 'repo read:org';
const isGithubApp = (clientId: string) => clientId.startsWith('Iv');

/**
 * `CodeHostLogin` on GitHub's web flow (docs.github.com, "Authorizing OAuth apps", "Generating a user access token for a GitHub App",
 * "Refreshing user access tokens").
 */
export function githubLogin(config: GithubLoginConfig): CodeHostLogin {
  const { clientId } = config;
  const webUrl = config.webUrl.replace(/\/+$/, '');
  const request = githubRequest(config);
  const exchange = githubExchange(config);

  async function askForGrant(shown: Readonly<Record<string, string>>): Promise<CodeHostGrant | undefined> {
    const clientSecret = await readOwnSecret(SERVICE, SECRET, config.clientSecret);
    const answer = await exchange(`${webUrl}/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...shown }).toString(),
      limitBytes: 64 * 1024,
    });
    const { status } = answer;
    if (status === 429) {
      throw new AppError('code_host_throttled', { details: { retryAfterSeconds: retryAfterSeconds(answer) } });
    }
    if (status >= 500) throw new AppError('code_host_unavailable', { details: { status, ...statedWait(answer) } });
    const parsed = readGithubJson(exchanged, answer);
    if (!('error' in parsed)) return grantOf(parsed);
    if (REFUSED.includes(parsed.error)) return undefined;
    if (MISREGISTERED.includes(parsed.error)) {
      throw platformRefused(
        SERVICE,
        parsed.error,
        `Check the application ${clientId}: its client id, and the secret ${SECRET}.`,
      );
    }
    throw new AppError('vendor_rejected', { message: `GitHub refused to give a token: ${parsed.error}` });
  }

  return {
    authorizeUrl({ redirectUri, state, challenge }) {
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...(isGithubApp(clientId) ? {} : { scope: OAUTH_APP_SCOPES }),
      });
      return `${webUrl}/login/oauth/authorize?${query}`;
    },

    exchangeCode: ({ code, redirectUri, verifier }) =>
      askForGrant({ code, redirect_uri: redirectUri, code_verifier: verifier }),

    refresh: (refreshToken) => askForGrant({ grant_type: 'refresh_token', refresh_token: refreshToken }),

    async getUser(token) {
      return readGithubJson(userSchema, await request({ token, path: '/user' }));
    },

    async isMember(token, organisation) {
      const path = `/user/memberships/orgs/${encodeURIComponent(organisation)}`;
      // 403: the organisation does not grant this application access.
      const answer = await request({ token, path, expect: [403, 404] });
      return answer.status === 200 && readGithubJson(membershipSchema, answer).state === 'active';
    },

    async revoke(token) {
      await request({
        application: `${clientId}:${await config.clientSecret()}`,
        method: 'DELETE',
        path: `/applications/${encodeURIComponent(clientId)}/token`,
        body: { access_token: token },
        // 422: it was no longer valid.
        expect: [404, 422],
      });
    },
  };
}

function grantOf(answer: {
  readonly access_token: string;
  readonly expires_in?: number | undefined;
  readonly refresh_token?: string | undefined;
}): CodeHostGrant {
  return {
    token: answer.access_token,
    ...(answer.expires_in === undefined ? {} : { expiresAt: new Date(Date.now() + answer.expires_in * 1000) }),
    ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
  };
}

/** The same where the application may be missing: then undefined, and expiring tokens are not refreshed. */
export const optionalGithubLogin = ({
  oauth,
  ...config
}: Omit<GithubLoginConfig, 'webUrl' | 'clientId'> & {
  readonly oauth: Pick<GithubLoginConfig, 'webUrl' | 'clientId'> | undefined;
}): CodeHostLogin | undefined => oauth && githubLogin({ ...config, ...oauth });
