import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** The platform's own secrets, by name. */
export const platformSecretNames = ['github-actions-token', 'github-client-secret'] as const;
export type PlatformSecretName = (typeof platformSecretNames)[number];

/** The sealing context of a platform secret. */
export const platformSecretContext = (name: PlatformSecretName) => `platform:${name}`;

/** Secrets of the platform itself, sealed. `readPlatformSecret` opens them. */
export const platformSecretRepository = (db: Queryable) => ({
  async findSealed(name: PlatformSecretName): Promise<string | undefined> {
    const [row] = await db.query<{ sealed: string }>(sql`select sealed from platform_secrets where name = ${name}`);
    return row?.sealed;
  },
  async store(name: PlatformSecretName, sealed: string): Promise<void> {
    await db.query(sql`
      insert into platform_secrets (name, sealed) values (${name}, ${sealed})
      on conflict (name) do update set sealed = excluded.sealed, updated_at = db_now()`);
  },
});
