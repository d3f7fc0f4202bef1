import type { Scope } from '../../contracts/scopes.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** What a token lets its user's scripts do. */
export interface TokenGrant {
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** The only projects it is for; null: all of its user's. */
  readonly projectIds: readonly string[] | null;
}

export interface User {
  readonly id: string;
  readonly githubLogin: string;
  /** Runs the platform: sees dead letters. */
  readonly isAdmin: boolean;
  readonly createdAt: Date;
}

/** A user as those who run the platform see one. */
export interface Account extends User {
  /** Null: may sign in. */
  readonly disabledAt: Date | null;
}

/** What a token that ends is continued with. Its end, which no two of a user have in common, says which token is meant. */
export interface EndingGrant {
  readonly expiresAt: Date;
  readonly refreshTokenSealed: string;
}

/** A user's GitHub token as it is stored. */
export interface GithubGrant {
  readonly sealed: string;
  /** Null: it does not end. */
  readonly expiresAt: Date | null;
  /** Null: nothing gets the next. */
  readonly refreshTokenSealed: string | null;
  /** Within five minutes. */
  readonly endsSoon: boolean;
  readonly isOver: boolean;
}

/** For so long nobody else asks for the next token: longer than GitHub is waited for. */
const RENEWAL_SECONDS = 30;

/** Where a user's GitHub token is sealed to. */
export const githubTokenContext = (userId: string) => `user:${userId}:github-token`;
/** The same for what a token that ends is continued with. */
export const githubRefreshTokenContext = (userId: string) => `user:${userId}:github-refresh-token`;

interface Ending {
  readonly expiresAt?: Date | undefined;
  readonly refreshTokenSealed?: string | undefined;
}
const tokenColumns = (sealed: string | null, { expiresAt, refreshTokenSealed }: Ending) => sql`
  github_token_sealed = ${sealed}, github_token_expires_at = ${expiresAt ?? null},
  github_refresh_token_sealed = ${refreshTokenSealed ?? null}, github_renewal_until = null`;

/** Accounts (`users`), with their GitHub tokens, and who is behind a credential. */
export const accountRepository = (db: Queryable) => ({
  /** The user of a valid token, and what the token allows; also by what it was before its last rotation, while that overlaps. `last_used_at` is written at most once a minute. */
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

  /** True for one of those who want to replace the same token; for the others not until it may have failed. */
  async claimGithubRenewal(userId: string, expiresAt: Date): Promise<boolean> {
    const rows = await db.query(sql`
      update users set github_renewal_until = db_now() + make_interval(secs => ${RENEWAL_SECONDS})
       where id = ${userId} and github_token_sealed is not null and github_token_expires_at = ${expiresAt}
         and (github_renewal_until is null or github_renewal_until <= db_now())
      returning 1`);
    return rows.length > 0;
  },

  /** Stores what comes after the token that ends then. False when that is not the last any more: nothing is changed. */
  async replaceGithubToken(userId: string, expiresAt: Date, sealed: string, ending: Ending): Promise<boolean> {
    const rows = await db.query(sql`
      update users set ${tokenColumns(sealed, ending)}
       where id = ${userId} and github_token_expires_at = ${expiresAt} returning 1`);
    return rows.length > 0;
  },

  /** Forgets a token that nothing continues, but not when it ended: what comes after it may still be stored. False as above. */
  async forgetGithubToken(userId: string, expiresAt: Date): Promise<boolean> {
    const rows = await db.query(sql`
      update users set ${tokenColumns(null, { expiresAt })}
       where id = ${userId} and github_token_expires_at = ${expiresAt} returning 1`);
    return rows.length > 0;
  },

  /** Creates the user or follows a renamed login. */
  async upsertUser(user: { githubId: number; githubLogin: string }): Promise<User> {
    const [row] = await db.query<User>(sql`
      insert into users (github_id, github_login) values (${user.githubId}, ${user.githubLogin})
      on conflict (github_id) do update set github_login = excluded.github_login
      returning id, github_login, is_admin, created_at`);
    if (!row) throw new AppError('internal', { message: 'upsert returned nothing' });
    return row;
  },

  /** Makes a user one who runs the platform. */
  async makeAdmin(userId: string): Promise<void> {
    await db.query(sql`update users set is_admin = true where id = ${userId}`);
  },

  /** A token that ends comes with when, and with what gets the next. */
  async storeGithubToken(userId: string, sealed: string, ending: Ending = {}): Promise<void> {
    await db.query(sql`update users set ${tokenColumns(sealed, ending)} where id = ${userId}`);
  },

  async findByGithubId(githubId: number): Promise<Account | undefined> {
    const [row] = await db.query<Account>(sql`
      select id, github_login, is_admin, created_at, disabled_at from users where github_id = ${githubId}`);
    return row;
  },

  /** Whether nobody has an account. Until the transaction ends nobody else gets one, so that of two who are first one is. */
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

  /** From the next request on nothing that the user has lets anybody in, or it does again. False when it already was so. */
  async setDisabled(userId: string, disabled: boolean): Promise<boolean> {
    const rows = await db.query(sql`
      update users set disabled_at = case when ${disabled} then db_now() end
       where id = ${userId} and (disabled_at is not null) <> ${disabled} returning 1`);
    return rows.length > 0;
  },

  /** The same token stored twice is one token. */
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
