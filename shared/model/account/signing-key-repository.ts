import type { JsonWebKey } from 'node:crypto';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** So old a key may be and still sign. */
const SIGNING_KEY_DAYS = 30;
/** For so long after a new key came the one before it verifies: longer than a token lives, and than an instance remembers keys. */
const RETIREMENT_HOURS = 1;

/** Where a signing key's private half is sealed to. */
export const signingKeyContext = (kid: string) => `signing-key:${kid}`;

export interface StoredSigningKey {
  readonly kid: string;
  readonly privateKeySealed: string;
  readonly publicJwk: JsonWebKey;
  /** Whether it may sign, by its age. */
  readonly signs: boolean;
}

/** The keys that access tokens are signed with. Private keys are sealed. */
export const signingKeyRepository = (db: Queryable) => ({
  /** Those that count, the newest first. */
  listLive: () =>
    db.query<StoredSigningKey>(sql`
      select kid, private_key_sealed, public_jwk,
             retired_at is null and created_at > db_now() - make_interval(days => ${SIGNING_KEY_DAYS}) as signs
        from signing_keys where retired_at is null or retired_at > db_now()
       order by created_at desc, kid`),

  /** Until the transaction ends nobody else makes a key. */
  async lock(): Promise<void> {
    await db.query(sql`lock table signing_keys in share row exclusive mode`);
  },

  /** Adds a key that signs from now on; those before it retire, and those that retired are forgotten. */
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
