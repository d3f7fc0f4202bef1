import pg from 'pg';

/** What a worker claims at once. */
export const BATCH = 10;
/** The name of all jobs. */
export const TOPIC = 'bench';

/** A queue in a database of its own, with a number of jobs that do nothing. */
export interface FilledQueue {
  /** Resolves when this many workers have done every job. Throws when one was done twice, or is left. */
  work(workers: number): Promise<void>;
  close(): Promise<void>;
}

/** Puts this many jobs into the database of this URL. */
export type FillQueue = (url: string, jobs: number) => Promise<FilledQueue>;

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Before the clock starts: the planner knows the table, and its pages are written. */
export async function settle(client: pg.Client): Promise<void> {
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}

/** Counts what was done, each job once. */
export function tally(jobs: number) {
  const seen = new Set<number>();
  return {
    done(n: number): void {
      if (seen.has(n)) throw new Error(`job ${n} was done twice`);
      seen.add(n);
    },
    isComplete: () => seen.size === jobs,
  };
}
