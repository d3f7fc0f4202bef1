import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** How long a sign-in at GitHub may take. */
export const LOGIN_MINUTES = 10;

/** The sealing context of a login's PKCE verifier. */
export const verifierContext = (stateSha256: Buffer) => `login:${stateSha256.toString('hex')}:verifier`;

export interface LoginAttempt {
  readonly verifierSealed: string;
  readonly nextPath: string;
}

/** Sign-ins that were redirected to GitHub. */
export const loginAttemptRepository = (db: Queryable) => ({
  async insert(attempt: LoginAttempt & { stateSha256: Buffer; browserSha256: Buffer }): Promise<void> {
    await db.query(sql`delete from login_attempts where expires_at < db_now()`);
    await db.query(sql`
      insert into login_attempts (state_sha256, browser_sha256, verifier_sealed, next_path, expires_at)
      values (${attempt.stateSha256}, ${attempt.browserSha256}, ${attempt.verifierSealed}, ${attempt.nextPath},
              db_now() + make_interval(mins => ${LOGIN_MINUTES}))`);
  },

  /**
   * Consumes an attempt: once, before it expires, and only for the browser that started it. A try from another browser does not consume
   * it.
   */
  async take(stateSha256: Buffer, browserSha256: Buffer): Promise<LoginAttempt | undefined> {
    const [row] = await db.query<LoginAttempt>(sql`
      update login_attempts set used_at = db_now()
       where state_sha256 = ${stateSha256} and browser_sha256 = ${browserSha256}
         and used_at is null and expires_at > db_now()
      returning verifier_sealed, next_path`);
    return row;
  },
});
