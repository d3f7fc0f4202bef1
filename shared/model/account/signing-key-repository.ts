import type { JsonWebKey } from 'node:crypto';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** The age up to which a key signs. */
const SIGNING_KEY_DAYS = 30;
/** How long a key verifies after its successor was created: longer than tokens live and than instances cache keys. */
const RETIREMENT_HOURS = 1;

/** The sealing context of a signing key's private half. */
export const signingKeyContext = (kid: string) => `signing-key:${kid}`;

export interface StoredSigningKey {
  readonly kid: string;
  readonly privateKeySealed: string;
  readonly publicJwk: JsonWebKey;
  /** Whether it is young enough to sign. */
  readonly signs: boolean;
}

/** The keys that sign access tokens. Private keys are sealed. */
export const signingKeyRepository = (db: Queryable) => ({
  /** Valid keys, newest first. */
  listLive: () =>
    db.query<StoredSigningKey>(sql`
      select kid, private_key_sealed, public_jwk,
             retired_at is null and created_at > db_now() - make_interval(days => ${SIGNING_KEY_DAYS}) as signs
        from signing_keys where retired_at is null or retired_at > db_now()
       order by created_at desc, kid`),

  /** Until the transaction ends nobody else creates a key. */
  async lock(): Promise<void> {
    await db.query(sql`lock table signing_keys in share row exclusive mode`);
  },

  /** Adds the key that signs from now on; earlier ones retire, and retired ones are deleted. */
  async insert(key: Pick<StoredSigningKey, 'kid' | 'privateKeySealed' | 'publicJwk'>): Promise<void> {
    await db.query(sql`delete from signing_keys where retired_at < db_now()`);
    await db.query(sql`
      update signing_keys set retired_at = db_now() + make_interval(hours => ${RETIREMENT_HOURS})
       where retired_at is null`);
    await db.query(sql`
      insert into signing_keys (kid, private_key_sealed, public_jwk)
      values (${key.kid}, ${key.privateKeySealed}, ${JSON.stringify(key.publicJwk)}::jsonb)`);
  },
});
