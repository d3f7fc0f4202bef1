import type { Figure, Target } from '../measuring/figure.ts';
import { fillGraphileWorker } from './engine-graphile-worker.ts';
import { fillOutbox } from './engine-our-outbox.ts';
import { fillPgBoss } from './engine-pg-boss.ts';
import type { EnginePostgres } from './engine-postgres.ts';
import { BATCH, type FillQueue } from './engine-queue.ts';

const JOBS = 20_000;
const WORKERS = [1, 4] as const;
const ROUNDS = 3;

interface Contender {
  readonly name: string;
  readonly fill: FillQueue;
  readonly database: (postgres: EnginePostgres) => Promise<string>;
  readonly note?: string;
  /** Jobs per second with one worker. */
  readonly target?: Target;
}

const contenders: readonly Contender[] = [
  {
    name: 'outbox',
    fill: fillOutbox,
    database: (postgres) => postgres.migratedDatabase(),
    note: `${BATCH} claimed at once, finished together, one of a lane at a time`,
    target: { relation: '≥', value: 3500 },
  },
  {
    name: 'graphile-worker',
    fill: fillGraphileWorker,
    database: (postgres) => postgres.emptyDatabase(),
    note: `${BATCH} fetched at once, completed together, no lanes`,
  },
  {
    name: 'pg-boss',
    fill: fillPgBoss,
    database: (postgres) => postgres.emptyDatabase(),
    note: `${BATCH} fetched at once, completed together, no lanes`,
  },
];

/** Jobs per second of our queue and of others, taking turns on one server, each time in a new database. */
export async function measureOutbox(postgres: EnginePostgres, say: (line: string) => void): Promise<Figure[]> {
  const measured = WORKERS.flatMap((workers) =>
    contenders.map((contender) => ({ ...contender, workers, samples: [] as number[] })),
  );
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { name, fill, database, workers, samples } of measured) {
      const queue = await fill(await database(postgres), JOBS);
      try {
        const began = performance.now();
        await queue.work(workers);
        samples.push((JOBS * 1000) / (performance.now() - began));
      } finally {
        await queue.close();
      }
      say(`${name} with ${workers} workers, round ${round} of ${ROUNDS}: ${Math.round(samples.at(-1) ?? 0)} jobs/s`);
    }
  }
  return measured.map(({ name, workers, samples, note, target }) => ({
    name: `${name}, ${workers === 1 ? '1 worker' : `${workers} workers`}`,
    unit: 'jobs/s',
    samples,
    ...(note === undefined || workers !== 1 ? {} : { note }),
    ...(target === undefined || workers !== 1 ? {} : { target }),
  }));
}
