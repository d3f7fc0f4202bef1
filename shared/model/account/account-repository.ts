import type { Scope } from '../../contracts/scopes.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** What a token permits. */
export interface TokenGrant {
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** The only projects it is valid for; null: all of its user's. */
  readonly projectIds: readonly string[] | null;
}

export interface User {
  readonly id: string;
  readonly githubLogin: string;
  /** Administers the platform: sees dead letters. */
  readonly isAdmin: boolean;
  readonly createdAt: Date;
}

/** A user as administrators see one. */
export interface Account extends User {
  /** Null: may sign in. */
  readonly disabledAt: Date | null;
}

/** The refresh token of an expiring token. The expiry, which no two tokens of a user share, identifies the token. */
export interface EndingGrant {
  readonly expiresAt: Date;
  readonly refreshTokenSealed: string;
}

/** A user's GitHub token as it is stored. */
export interface GithubGrant {
  readonly sealed: string;
  /** Null: it does not expire. */
  readonly expiresAt: Date | null;
  /** Null: it cannot be refreshed. */
  readonly refreshTokenSealed: string | null;
  /** Within five minutes. */
  readonly endsSoon: boolean;
  readonly isOver: boolean;
}

/** How long nobody else refreshes the token: longer than the timeout of calls to GitHub. */
const RENEWAL_SECONDS = 30;

/** The sealing context of a user's GitHub token. */
export const githubTokenContext = (userId: string) => `user:${userId}:github-token`;
/** The sealing context of a user's GitHub refresh token. */
export const githubRefreshTokenContext = (userId: string) => `user:${userId}:github-refresh-token`;

interface Ending {
  readonly expiresAt?: Date | undefined;
  readonly refreshTokenSealed?: string | undefined;
}
const tokenColumns = (sealed: string | null, { expiresAt, refreshTokenSealed }: Ending) => sql`
  github_token_sealed = ${sealed}, github_token_expires_at = ${expiresAt ?? null},
  github_refresh_token_sealed = ${refreshTokenSealed ?? null}, github_renewal_until = null`;

/** Accounts (`users`), with their GitHub tokens, and lookup by credential. */
export const accountRepository = (db: Queryable) => ({
  /**
   * The user of a valid token, and what the token permits; also found by its previous secret during the overlap after a rotation.
   * `last_used_at` is written at most once a minute.
   */
  async findByApiToken(tokenSha256: Buffer): Promise<(User & TokenGrant) | undefined> {
    const [row] = await db.query<User & TokenGrant>(sql`
      with token as (
        select t.id, t.user_id, t.last_used_at, t.scopes, t.project_ids from api_tokens t
         where (t.token_sha256 = ${tokenSha256} or (t.previous_sha256 = ${tokenSha256} and t.previous_expires_at > db_now()))
           and t.revoked_at is null
           and (t.expires_at is null or t.expires_at > db_now())
      ), touched as (
        update api_tokens set last_used_at = db_now() from token
         where api_tokens.id = token.id
           and (token.last_used_at is null or token.last_used_at < db_now() - interval '1 minute')
      )
      select u.id, u.github_login, u.is_admin, u.created_at, token.id as token_id, token.scopes, token.project_ids
        from token join users u on u.id = token.user_id and u.disabled_at is null`);
    return row;
  },

  async findGithubGrant(userId: string): Promise<GithubGrant | undefined> {
    const [row] = await db.query<GithubGrant>(sql`
      select github_token_sealed as sealed, github_token_expires_at as expires_at,
             github_refresh_token_sealed as refresh_token_sealed,
             coalesce(github_token_expires_at < db_now() + interval '5 minutes', false) as ends_soon,
             coalesce(github_token_expires_at <= db_now(), false) as is_over
        from users where id = ${userId} and github_token_sealed is not null`);
    return row;
  },

  /**
   * True for one of several concurrent callers that want to refresh the same token; for the others only once that refresh may have
   * failed.
   */
  async claimGithubRenewal(userId: string, expiresAt: Date): Promise<boolean> {
    const rows = await db.query(sql`
      update users set github_renewal_until = db_now() + make_interval(secs => ${RENEWAL_SECONDS})
       where id = ${userId} and github_token_sealed is not null and github_token_expires_at = ${expiresAt}
         and (github_renewal_until is null or github_renewal_until <= db_now())
      returning 1`);
    return rows.length > 0;
  },

  /** Stores the successor of the token with that expiry. False, and nothing is changed, when that token is no longer the current one. */
  async replaceGithubToken(userId: string, expiresAt: Date, sealed: string, ending: Ending): Promise<boolean> {
    const rows = await db.query(sql`
      update users set ${tokenColumns(sealed, ending)}
       where id = ${userId} and github_token_expires_at = ${expiresAt} returning 1`);
    return rows.length > 0;
  },

  /** Deletes a token that cannot be refreshed, unless its refresh is under way: the successor may still be stored. False as above. */
  async forgetGithubToken(userId: string, expiresAt: Date): Promise<boolean> {
    const rows = await db.query(sql`
      update users set ${tokenColumns(null, { expiresAt })}
       where id = ${userId} and github_token_expires_at = ${expiresAt} returning 1`);
    return rows.length > 0;
  },

  /** Creates the user, or updates a renamed login. */
  async upsertUser(user: { githubId: number; githubLogin: string }): Promise<User> {
    const [row] = await db.query<User>(sql`
      insert into users (github_id, github_login) values (${user.githubId}, ${user.githubLogin})
      on conflict (github_id) do update set github_login = excluded.github_login
      returning id, github_login, is_admin, created_at`);
    if (!row) throw new AppError('internal', { message: 'upsert returned nothing' });
    return row;
  },

  /** Makes a user an administrator. */
  async makeAdmin(userId: string): Promise<void> {
    await db.query(sql`update users set is_admin = true where id = ${userId}`);
  },

  /** A token that expires is stored with its expiry and refresh token. */
  async storeGithubToken(userId: string, sealed: string, ending: Ending = {}): Promise<void> {
    await db.query(sql`update users set ${tokenColumns(sealed, ending)} where id = ${userId}`);
  },

  async findByGithubId(githubId: number): Promise<Account | undefined> {
    const [row] = await db.query<Account>(sql`
      select id, github_login, is_admin, created_at, disabled_at from users where github_id = ${githubId}`);
    return row;
  },

  /**
   * Whether there are no accounts. Until the transaction ends nobody else can create one, so that of two concurrent first users only one
   * is first.
   */
  async lockIfEmpty(): Promise<boolean> {
    await db.query(sql`lock table users in share row exclusive mode`);
    return (await db.query(sql`select 1 from users limit 1`)).length === 0;
  },

  /** Newest first. */
  list: (page: { readonly before?: string | undefined; readonly limit: number }) =>
    db.query<Account>(sql`
      select id, github_login, is_admin, created_at, disabled_at from users
       where ${page.before ?? null}::uuid is null or id < ${page.before ?? null}
       order by id desc limit ${page.limit}`),

  async find(userId: string): Promise<Account | undefined> {
    const [row] = await db.query<Account>(sql`
      select id, github_login, is_admin, created_at, disabled_at from users where id = ${userId}`);
    return row;
  },

  /** From the next request on, the user's credentials are refused, or accepted again. False when nothing changed. */
  async setDisabled(userId: string, disabled: boolean): Promise<boolean> {
    const rows = await db.query(sql`
      update users set disabled_at = case when ${disabled} then db_now() end
       where id = ${userId} and (disabled_at is not null) <> ${disabled} returning 1`);
    return rows.length > 0;
  },

  /** Idempotent: storing the same token twice stores one. */
  async insertApiToken(token: {
    userId: string;
    name: string;
    prefix: string;
    sha256: Buffer;
    scopes: readonly Scope[];
  }): Promise<void> {
    await db.query(sql`
      insert into api_tokens (user_id, name, prefix, token_sha256, scopes)
      values (${token.userId}, ${token.name}, ${token.prefix}, ${token.sha256}, ${token.scopes})
      on conflict (token_sha256) do nothing`);
  },
});
