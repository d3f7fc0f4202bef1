import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { AttemptKey } from '../build/build-attempt-repository.ts';

export type UsageKind = 'build_seconds' | 'stored_bytes';

/** What an account has used. Each fact has a key, so counting it twice counts it once. */
export const usageRepository = (db: Queryable) => ({
  /** Seconds a machine worked on an attempt: from its ticket to its end. */
  async recordBuild(key: AttemptKey): Promise<void> {
    await db.query(sql`
      insert into usage_events (user_id, project_id, deployment_id, attempt, kind, amount)
      select p.user_id, p.id, d.id, a.attempt, 'build_seconds', greatest(0, extract(epoch from db_now() - a.redeemed_at))
        from build_attempts a join deployments d on d.id = a.deployment_id join projects p on p.id = d.project_id
       where a.deployment_id = ${key.deploymentId} and a.attempt = ${key.attempt} and a.redeemed_at is not null
      on conflict (deployment_id, attempt, kind) do nothing`);
  },

  /** Bytes of a deployment's files, when they were verified. */
  async recordStored(key: AttemptKey, bytes: number): Promise<void> {
    await db.query(sql`
      insert into usage_events (user_id, project_id, deployment_id, attempt, kind, amount)
      select p.user_id, p.id, d.id, ${key.attempt}, 'stored_bytes', ${bytes}
        from deployments d join projects p on p.id = d.project_id where d.id = ${key.deploymentId}
      on conflict (deployment_id, attempt, kind) do nothing`);
  },

  /** Bytes that the verified files of all of an account's projects take. */
  async storedBytes(userId: string): Promise<number> {
    const [row] = await db.query<{ bytes: number | null }>(sql`
      select sum(b.bytes)::bigint as bytes from blobs b join projects p on p.id = b.project_id
       where p.user_id = ${userId} and b.verified_at is not null`);
    return row?.bytes ?? 0;
  },
});
export type UsageRepository = ReturnType<typeof usageRepository>;
