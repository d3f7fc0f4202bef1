import { createHash, randomBytes } from 'node:crypto';
import type { GithubState } from './github-state.ts';

/** An application that users may authorize. One whose id begins with `Iv` is a GitHub App: its tokens expire, and it has no scopes. */
export interface OauthApplication {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly name: string;
  /** Called at each use: the port may not be known at first. */
  readonly callbackUrl: () => string;
}

/** What a user authorized an application to do, until it fetches its token. */
export interface Consent {
  readonly clientId: string;
  readonly login: string;
  readonly redirectUri: string;
  /** S256 of the verifier; undefined when the application uses no PKCE. */
  readonly challenge: string | undefined;
  readonly scope: string;
}

export interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'bearer';
  readonly scope: string;
  readonly expires_in?: number;
  readonly refresh_token?: string;
  readonly refresh_token_expires_in?: number;
}

const CODE_MS = 10 * 60 * 1000;
const USER_TOKEN_SECONDS = 8 * 60 * 60;
const REFRESH_TOKEN_SECONDS = 15_897_600;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const isGithubApp = (clientId: string) => clientId.startsWith('Iv');

export type OauthGrants = ReturnType<typeof createOauthGrants>;

/** Codes, each used once within ten minutes, and the tokens issued for them. Kept as hashes. */
export function createOauthGrants({ database, transaction }: GithubState, now: () => number) {
  const issue = (clientId: string, login: string, scope: string): IssuedToken => {
    const ends = isGithubApp(clientId);
    const token = `${ends ? 'ghu' : 'gho'}_${randomBytes(18).toString('hex')}`;
    database
      .prepare('insert into oauth_token values (?, ?, ?, ?, ?, ?)')
      .run(sha256(token), clientId, login, scope, now(), ends ? now() + USER_TOKEN_SECONDS * 1000 : null);
    const issued = { access_token: token, token_type: 'bearer', scope } as const;
    if (!ends) return issued;
    const refreshToken = `ghr_${randomBytes(38).toString('hex')}`;
    database
      .prepare('insert into oauth_renewal values (?, ?, ?, ?, ?)')
      .run(sha256(refreshToken), sha256(token), clientId, login, now() + REFRESH_TOKEN_SECONDS * 1000);
    return {
      ...issued,
      expires_in: USER_TOKEN_SECONDS,
      refresh_token: refreshToken,
      refresh_token_expires_in: REFRESH_TOKEN_SECONDS,
    };
  };

  return {
    /** A code with which the application fetches the token. */
    consent({ clientId, login, redirectUri, challenge, scope }: Consent): string {
      const code = randomBytes(10).toString('hex');
      database
        .prepare('insert into oauth_code values (?, ?, ?, ?, ?, ?, ?, null)')
        .run(sha256(code), clientId, login, redirectUri, challenge ?? null, scope, now() + CODE_MS);
      return code;
    },

    /** Undefined when the code is not valid for this application, address and verifier. Only a valid use consumes it. */
    exchange(asked: {
      clientId: string;
      code: string;
      redirectUri: string | undefined;
      verifier: string | undefined;
    }): IssuedToken | undefined {
      return transaction(() => {
        const row = database
          .prepare('select * from oauth_code where code_sha256 = ? and client_id = ? and used_at is null')
          .get(sha256(asked.code), asked.clientId);
        if (!row || Number(row.expires_at) <= now()) return undefined;
        if (asked.redirectUri !== undefined && asked.redirectUri !== row.redirect_uri) return undefined;
        if (row.challenge !== null && row.challenge !== s256(asked.verifier ?? '')) return undefined;
        database.prepare('update oauth_code set used_at = ? where code_sha256 = ?').run(now(), sha256(asked.code));
        return issue(asked.clientId, String(row.login), String(row.scope));
      });
    },

    /** A GitHub App's next token. The refresh token is used up, and the token it came with is revoked. */
    refresh(clientId: string, refreshToken: string): IssuedToken | undefined {
      return transaction(() => {
        const row = database
          .prepare(
            `delete from oauth_renewal where refresh_token_sha256 = ? and client_id = ? and expires_at > ?
             returning login, token_sha256`,
          )
          .get(sha256(refreshToken), clientId, now());
        if (!row) return undefined;
        database.prepare('delete from oauth_token where token_sha256 = ?').run(row.token_sha256 ?? null);
        return issue(clientId, String(row.login), '');
      });
    },

    /** The login a token was issued for, while it is valid. */
    loginOf(token: string): string | undefined {
      const row = database
        .prepare('select login from oauth_token where token_sha256 = ? and (expires_at is null or expires_at > ?)')
        .get(sha256(token), now());
      return row && String(row.login);
    },

    /** False when it was no longer valid, or is another application's. */
    revoke(clientId: string, token: string): boolean {
      const { changes } = database
        .prepare('delete from oauth_token where token_sha256 = ? and client_id = ?')
        .run(sha256(token), clientId);
      return changes > 0;
    },
  };
}

const s256 = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
