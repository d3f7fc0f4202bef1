import { openDatabase } from '@miaobu/shared/db/database';
import { outbox } from '@miaobu/shared/db/outbox';
import { BATCH, connect, type FilledQueue, settle, TOPIC, tally } from './engine-queue.ts';

const LEASE_SECONDS = 120;

/**
 * Ours, as `workOutbox` uses it for messages that have nothing to commit with their end: ten are claimed at once, and
 * those that end together are finished by one statement. One message of a lane at a time, ten messages to a lane.
 */
export async function fillOutbox(url: string, jobs: number): Promise<FilledQueue> {
  const client = await connect(url);
  await client.query(
    `insert into outbox (topic, lane, dedupe_key, payload, request_id)
     select $1, 'lane:' || n % ($2::int / 10), 'job:' || n, jsonb_build_object('n', n), 'bench'
       from generate_series(1, $2) n`,
    [TOPIC, jobs],
  );
  await settle(client);
  return {
    async work(workers) {
      const jobsDone = tally(jobs);
      const worker = async (_: unknown, index: number) => {
        const db = openDatabase({ url, poolSize: BATCH });
        const queue = outbox(db);
        while (!jobsDone.isComplete()) {
          const messages = await queue.claim(`worker-${index}`, [TOPIC], BATCH, LEASE_SECONDS);
          await Promise.all(
            messages.map(async (message) => {
              jobsDone.done(Number(message.payload.n));
              await queue.finish(message);
            }),
          );
        }
        await db.close();
      };
      await Promise.all(Array.from({ length: workers }, worker));
      const { rows } = await client.query<{ left: number }>(
        `select count(*)::int as left from outbox where state <> 'done'`,
      );
      if (rows[0]?.left !== 0) throw new Error(`${rows[0]?.left} messages are not done`);
    },
    close: () => client.end(),
  };
}
