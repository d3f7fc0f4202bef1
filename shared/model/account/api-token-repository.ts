import type { Scope } from '../../contracts/scopes.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { MintedToken } from '../../kernel/api-token.ts';
import { AppError } from '../../kernel/app-error.ts';

/** A token as its owner sees it. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  /** The only projects it is valid for; null: all of its user's. */
  readonly projectIds: readonly string[] | null;
  readonly expiresAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

export interface NewApiToken extends Pick<ApiToken, 'name' | 'scopes' | 'projectIds' | 'expiresAt'> {
  readonly userId: string;
}

const columns = sql`id, name, prefix, scopes, project_ids, expires_at, last_used_at, created_at`;
const counts = sql`revoked_at is null and (expires_at is null or expires_at > db_now())`;

/** Users' API tokens. What a request's token permits is looked up in `accountRepository`. */
export const apiTokenRepository = (db: Queryable) => ({
  async insert(token: NewApiToken, { sha256, prefix }: MintedToken): Promise<ApiToken> {
    const [row] = await db.query<ApiToken>(sql`
      insert into api_tokens (user_id, name, prefix, token_sha256, scopes, project_ids, expires_at)
      values (${token.userId}, ${token.name}, ${prefix}, ${sha256}, ${token.scopes}, ${token.projectIds}, ${token.expiresAt})
      returning ${columns}`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row;
  },

  /** Counts those not revoked. */
  async count(userId: string): Promise<number> {
    const [row] = await db.query<{ count: number }>(
      sql`select count(*) as count from api_tokens where user_id = ${userId} and revoked_at is null`,
    );
    return row?.count ?? 0;
  },

  /** Those not revoked, newest first, starting below `beforeId`. */
  list(userId: string, options: { limit: number; beforeId: string | undefined }): Promise<ApiToken[]> {
    const below = options.beforeId === undefined ? sql`true` : sql`id < ${options.beforeId}`;
    return db.query<ApiToken>(sql`
      select ${columns} from api_tokens
       where user_id = ${userId} and revoked_at is null and ${below}
       order by id desc limit ${options.limit}`);
  },

  /** One that is not revoked, and whether it is still valid. */
  async find(userId: string, id: string): Promise<(ApiToken & { readonly counts: boolean }) | undefined> {
    const [row] = await db.query<ApiToken & { counts: boolean }>(sql`
      select ${columns}, ${counts} as counts from api_tokens
       where id = ${id} and user_id = ${userId} and revoked_at is null for update`);
    return row;
  },

  /** The replaced secret stays valid for `overlapSeconds`; the one before it becomes invalid at once. */
  async replaceSecret(id: string, { sha256, prefix }: MintedToken, overlapSeconds: number): Promise<ApiToken> {
    const [row] = await db.query<ApiToken>(sql`
      update api_tokens
         set token_sha256 = ${sha256}, prefix = ${prefix}, last_used_at = null,
             previous_sha256 = case when ${overlapSeconds} > 0 then token_sha256 end,
             previous_expires_at = case when ${overlapSeconds} > 0
               then db_now() + make_interval(secs => ${overlapSeconds}) end
       where id = ${id} and ${counts} returning ${columns}`);
    if (!row) throw new AppError('not_found');
    return row;
  },

  /** False when it was already revoked, or is not this user's. */
  async revoke(userId: string, id: string): Promise<boolean> {
    const rows = await db.query(sql`
      update api_tokens set revoked_at = db_now()
       where id = ${id} and user_id = ${userId} and revoked_at is null returning 1`);
    return rows.length > 0;
  },

  /**
   * Revokes the token of which this is the current or the just replaced secret, even while its user is disabled. Undefined when no token
   * that is not yet revoked has this secret.
   */
  async revokeHeld(tokenSha256: Buffer): Promise<{ readonly id: string; readonly userId: string } | undefined> {
    const [row] = await db.query<{ id: string; userId: string }>(sql`
      update api_tokens set revoked_at = db_now()
       where (token_sha256 = ${tokenSha256} or (previous_sha256 = ${tokenSha256} and previous_expires_at > db_now()))
         and revoked_at is null
      returning id, user_id`);
    return row;
  },
});
