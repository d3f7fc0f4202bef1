import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** For so long a browser may take at GitHub. */
export const LOGIN_MINUTES = 10;

/** Where the PKCE verifier of a login is sealed to. */
export const verifierContext = (stateSha256: Buffer) => `login:${stateSha256.toString('hex')}:verifier`;

export interface LoginAttempt {
  readonly verifierSealed: string;
  readonly nextPath: string;
}

/** Browsers that were sent to GitHub to sign in. */
export const loginAttemptRepository = (db: Queryable) => ({
  async insert(attempt: LoginAttempt & { stateSha256: Buffer; browserSha256: Buffer }): Promise<void> {
    await db.query(sql`delete from login_attempts where expires_at < db_now()`);
    await db.query(sql`
      insert into login_attempts (state_sha256, browser_sha256, verifier_sealed, next_path, expires_at)
      values (${attempt.stateSha256}, ${attempt.browserSha256}, ${attempt.verifierSealed}, ${attempt.nextPath},
              db_now() + make_interval(mins => ${LOGIN_MINUTES}))`);
  },

  /** Uses an attempt up: once, within its time, and only for the browser that began it. Another's does not cost it anything. */
  async take(stateSha256: Buffer, browserSha256: Buffer): Promise<LoginAttempt | undefined> {
    const [row] = await db.query<LoginAttempt>(sql`
      update login_attempts set used_at = db_now()
       where state_sha256 = ${stateSha256} and browser_sha256 = ${browserSha256}
         and used_at is null and expires_at > db_now()
      returning verifier_sealed, next_path`);
    return row;
  },
});
