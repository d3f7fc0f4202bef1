import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

const SAMPLE = 25;

/** Everything stored, except counters and times. */
async function contentOf({ database }: World): Promise<string> {
  const rows = await database.db.query<{ digest: string }>(sql`
    select md5(string_agg(line, ',' order by line)) as digest from (
      select 'deployment' || (to_jsonb(t) - 'deadline_at')::text as line from deployments t
      union all select 'environment' || to_jsonb(t)::text from environments t
      union all select 'attempt' || (to_jsonb(t) - 'last_seen_at')::text from build_attempts t
      union all select 'report' || to_jsonb(t)::text from build_reports t
      union all select 'delivery' || (to_jsonb(t) - 'seen_count')::text from webhook_deliveries t
      union all select 'blob' || (to_jsonb(t) - 'wanted_at')::text from blobs t
      union all select 'route' || to_jsonb(t)::text from routes t
      union all select 'message' || to_jsonb(t)::text from outbox t
      union all select 'event' || to_jsonb(t)::text from deployment_events t) everything`);
  return rows[0]?.digest ?? '';
}

/** I10: any earlier request, sent again, is answered or refused, and changes nothing. */
export async function replayChangesNothing(world: World): Promise<void> {
  const before = await contentOf(world);
  const replayed = Array.from({ length: SAMPLE }, () => world.random.pick(world.recorded));
  for (const request of replayed) {
    await request?.again(world.platform).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
    });
  }
  if ((await contentOf(world)) === before) return;
  throw new Violation(
    'I10',
    `sent again, one of these changed what is stored: ${replayed.map((it) => it?.what).join(', ')}`,
  );
}
