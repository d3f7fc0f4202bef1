import pg from 'pg';
import { eventually } from '../../tests/e2e/eventually.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import type { Figure } from './figure.ts';
import type { Seen } from './measured-site.ts';
import { variablesOf } from './platform-functions.ts';

/** Moments of a deployment that Postgres keeps: each is the beginning of the transaction that wrote it down, in milliseconds since 1970. */
interface Moments {
  readonly queued: number;
  readonly attempted: number;
  readonly redeemed: number;
  readonly uploading: number;
  readonly uploaded: number;
  readonly activated: number;
  readonly published: number;
}

/** A push that a visitor has seen, with everything in between. */
export type TracedPush = Seen & Moments;

type Moment = Exclude<keyof TracedPush, 'sha'>;

/** From one moment to the next; together they are the whole. */
const STEPS: readonly (readonly [name: string, from: Moment, to: Moment])[] = [
  ['git push → webhook has queued a deployment', 'pushedAt', 'queued'],
  ['→ deploy begins a build attempt', 'queued', 'attempted'],
  ['→ builder runs, redeems its ticket', 'attempted', 'redeemed'],
  ['→ source fetched, output collected', 'redeemed', 'uploading'],
  ['→ files and manifest uploaded', 'uploading', 'uploaded'],
  ['→ verified, routing table in place', 'uploaded', 'activated'],
  ['→ Edge KV written and read back', 'activated', 'published'],
  // Below zero where the visitor was quicker than the reading back.
  ['→ a visitor sees it', 'published', 'seenAt'],
];

export const stepFigures = (pushes: readonly TracedPush[]): Figure[] =>
  STEPS.map(([name, from, to]) => ({
    name: `  ${name}`,
    unit: 'ms',
    samples: pushes.map((push) => push[to] - push[from]),
  }));

export const pushToLive = (pushes: readonly Seen[]): number[] =>
  pushes.map(({ pushedAt, seenAt }) => seenAt - pushedAt);

export interface PushTracer {
  /** Adds what Postgres knows about the deployment of a push, once it has settled. */
  trace(seen: Seen): Promise<TracedPush>;
  /** Resolves when the outbox holds nothing due now or soon, so that work of the last push does not overlap the next. */
  atRest(): Promise<void>;
  close(): Promise<void>;
}

const since1970 = (time: string) => `extract(epoch from ${time})::float8 * 1000`;
const movedTo = (status: string) =>
  since1970(`(select created_at from deployment_events where deployment_id = d.id and to_status = '${status}')`);

const QUERY = `
  select d.trigger,
         ${since1970('d.created_at')} as queued,
         ${since1970('a.created_at')} as attempted,
         ${since1970('a.redeemed_at')} as redeemed,
         ${movedTo('uploading')} as uploading,
         ${movedTo('deploying')} as uploaded,
         ${since1970('d.activated_at')} as activated,
         ${since1970('d.published_at')} as published
    from deployments d
    join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
   where d.commit_sha = $1`;

// Messages delayed for longer, such as a check for a stuck deployment, are not current work.
const BUSY = `
  select from outbox
   where state = 'leased' or (state = 'pending' and run_at < db_now() + interval '5 seconds')
   limit 1`;

/** Reads what the functions recorded. */
export async function openPushTracer(platform: Platform): Promise<PushTracer> {
  const variable = await variablesOf(platform);
  const client = new pg.Client({ connectionString: variable('DATABASE_URL') });
  await client.connect();
  const atRest = async () => {
    await eventually(async () => {
      const { rowCount } = await client.query(BUSY);
      return rowCount === 0 ? true : undefined;
    }, 'nothing is left in the outbox');
  };
  return {
    atRest,
    async trace(seen) {
      await atRest();
      const { rows } = await client.query<Moments & { trigger: string }>(QUERY, [seen.sha]);
      const [row] = rows;
      if (rows.length !== 1 || !row) throw new Error(`${seen.sha} has ${rows.length} deployments, not 1`);
      const { trigger, ...moments } = row;
      if (trigger !== 'push' && trigger !== 'import') throw new Error(`${seen.sha} was deployed by ${trigger}`);
      return { ...seen, ...moments };
    },
    close: () => client.end(),
  };
}
