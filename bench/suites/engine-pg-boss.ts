import { PgBoss } from 'pg-boss';
import { BATCH, connect, type FilledQueue, settle, TOPIC, tally } from './engine-queue.ts';

const INSERTED_AT_ONCE = 1_000;

/**
 * pg-boss by its `fetch` and `complete`: ten are fetched at once and completed by one statement, as its own worker does, without that
 * worker's pauses between two looks. Its maintenance is off.
 */
export async function fillPgBoss(url: string, jobs: number): Promise<FilledQueue> {
  const client = await connect(url);
  const open = async () => {
    const boss = new PgBoss({ connectionString: url, max: BATCH, supervise: false, schedule: false });
    boss.on('error', () => {});
    return boss.start();
  };
  const boss = await open();
  await boss.createQueue(TOPIC);
  for (let n = 0; n < jobs; n += INSERTED_AT_ONCE) {
    await boss.insert(
      TOPIC,
      Array.from({ length: Math.min(INSERTED_AT_ONCE, jobs - n) }, (_, i) => ({ data: { n: n + i } })),
    );
  }
  await settle(client);
  return {
    async work(workers) {
      const jobsDone = tally(jobs);
      const worker = async () => {
        const own = await open();
        while (!jobsDone.isComplete()) {
          const found = await own.fetch<{ n: number }>(TOPIC, { batchSize: BATCH });
          for (const { data } of found) jobsDone.done(data.n);
          if (found.length > 0)
            await own.complete(
              TOPIC,
              found.map(({ id }) => id),
            );
        }
        return own;
      };
      const ended = await Promise.all(Array.from({ length: workers }, worker));
      await Promise.all(ended.map((own) => own.stop({ graceful: false })));
      const { rows } = await client.query<{ left: number }>(
        `select count(*)::int as left from pgboss.job where name = $1 and state <> 'completed'`,
        [TOPIC],
      );
      if (rows[0]?.left !== 0) throw new Error(`${rows[0]?.left} jobs are not completed`);
    },
    async close() {
      await boss.stop({ graceful: false });
      await client.end();
    },
  };
}
