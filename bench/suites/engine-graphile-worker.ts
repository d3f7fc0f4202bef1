import { Logger, run } from 'graphile-worker';
import { eventually } from '../../tests/e2e/eventually.ts';
import { BATCH, connect, type FilledQueue, settle, TOPIC, tally } from './engine-queue.ts';

const SCHEMA = 'graphile_worker';

/**
 * graphile-worker as its manual wants it for throughput (worker.graphile.org/docs/performance): each worker is a pool of ten at a time that
 * fetches ten at once, and completes at once what ends together. Without queue names, which would be its lanes: they cost it more.
 */
export async function fillGraphileWorker(url: string, jobs: number): Promise<FilledQueue> {
  const client = await connect(url);
  const logger = new Logger(() => () => {});
  const common = { connectionString: url, schema: SCHEMA, logger, noHandleSignals: true };
  const installer = await run({ ...common, taskList: { none: () => {} }, concurrency: 1 });
  await installer.stop();
  await client.query(
    `select count(*) from generate_series(1, $2) n, lateral ${SCHEMA}.add_job($1, json_build_object('n', n)) job`,
    [TOPIC, jobs],
  );
  await settle(client);
  return {
    async work(workers) {
      const jobsDone = tally(jobs);
      const taskList = { [TOPIC]: (payload: unknown) => jobsDone.done((payload as { n: number }).n) };
      const worker = () =>
        run({
          ...common,
          taskList,
          concurrency: BATCH,
          maxPoolSize: BATCH + 2,
          preset: { worker: { localQueue: { size: BATCH }, completeJobBatchDelay: 0 } },
        });
      const running = await Promise.all(Array.from({ length: workers }, worker));
      await eventually(
        async () => {
          if (!jobsDone.isComplete()) return undefined;
          const { rows } = await client.query<{ left: number }>(`select count(*)::int as left from ${SCHEMA}.jobs`);
          return rows[0]?.left === 0 ? true : undefined;
        },
        'graphile-worker has done every job',
        600_000,
      );
      await Promise.all(running.map((runner) => runner.stop()));
    },
    close: () => client.end(),
  };
}
