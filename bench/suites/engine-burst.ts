import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Figure, quantile } from '../measuring/figure.ts';
import { type Delivery, importProjects } from './engine-deliveries.ts';
import { type Delivered, deliverAll } from './engine-delivering.ts';
import type { EnginePostgres } from './engine-postgres.ts';
import { withWebhook } from './engine-webhook.ts';

const PROJECTS = 50;
const DELIVERIES = 1_000;
/** Of ten deliveries, one is a repetition of another and one is signed with a secret that is not the project's. */
const REPEATED = DELIVERIES / 10;
const FORGED = DELIVERIES / 10;
const GOOD = DELIVERIES - REPEATED - FORGED;
const CONNECTIONS = 64;

interface Burst {
  readonly good: readonly Delivery[];
  /** Each is one of the good ones, once more. */
  readonly repeated: readonly Delivery[];
  readonly forged: readonly Delivery[];
}

/** Dealt out like cards. A repetition comes a few connections after the original, so that both are often in progress at once. */
function queuesOf({ good, repeated, forged }: Burst): Delivery[][] {
  const queues = Array.from({ length: CONNECTIONS }, (): Delivery[] => []);
  const inOrder = good.flatMap((delivery, index) => {
    const place = Math.floor(index / 8);
    return index % 8 === 7 ? [delivery, forged[place], repeated[place]] : [delivery];
  });
  inOrder.forEach((delivery, index) => {
    if (delivery) queues[index % CONNECTIONS]?.push(delivery);
  });
  return queues;
}

function checkAnswers(burst: Burst, answers: readonly Delivered[]): void {
  const forged = new Set(burst.forged);
  const times = new Map<string, { fresh: number; replayed: number }>();
  for (const { delivery, status, body } of answers) {
    const expected = forged.has(delivery) ? 401 : 202;
    if (status !== expected) throw new Error(`a delivery was answered ${status} and not ${expected}: ${body}`);
    if (status !== 202) continue;
    const { replayed } = (JSON.parse(body) as { data: { replayed: boolean } }).data;
    const seen = times.get(delivery.guid) ?? { fresh: 0, replayed: 0 };
    seen[replayed ? 'replayed' : 'fresh'] += 1;
    times.set(delivery.guid, seen);
  }
  const repeated = new Set(burst.repeated.map(({ guid }) => guid));
  for (const { guid } of burst.good) {
    const { fresh, replayed } = times.get(guid) ?? { fresh: 0, replayed: 0 };
    if (fresh !== 1 || replayed !== (repeated.has(guid) ? 1 : 0)) {
      throw new Error(`${guid} was answered ${fresh} times as new and ${replayed} times as seen before`);
    }
  }
}

const STORED = `
  select w.delivery_guid as guid, w.after_sha as sha, w.seen_count::int as seen, w.outcome,
         (select count(*)::int from deployments d
           where d.project_id = w.project_id and d.dedupe_key = 'push:' || w.delivery_guid and d.commit_sha = w.after_sha
             and d.id = w.deployment_id) as deployments,
         exists (select 1 from environments e join outbox o on o.dedupe_key = 'branch.sync:' || e.id and o.state = 'pending'
                  where e.project_id = w.project_id) as head_asked
    from webhook_deliveries w`;

interface Stored {
  readonly guid: string;
  readonly sha: string;
  readonly seen: number;
  readonly outcome: string;
  readonly deployments: number;
  readonly head_asked: boolean;
}

/**
 * Nothing lost, nothing doubled, nothing forged. Pushes of one project overtake each other here, as GitHub's do: one that comes after a
 * newer one gets no deployment; its branch's head is queried instead. The newest of each project has to be deployed.
 */
async function checkDatabase(databaseUrl: string, burst: Burst): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Stored>(STORED);
    const stored = new Map(rows.map((row) => [row.guid, row]));
    if (rows.length !== GOOD) throw new Error(`${GOOD} good deliveries became ${rows.length} rows`);
    const repeated = new Set(burst.repeated.map(({ guid }) => guid));
    let accepted = 0;
    for (const { guid, sha } of burst.good) {
      const row = stored.get(guid);
      const whole = row?.outcome === 'accepted' ? row.deployments === 1 : row?.outcome === 'stale' && row.head_asked;
      if (!row || row.sha !== sha || !whole || row.seen !== (repeated.has(guid) ? 2 : 1)) {
        throw new Error(`the delivery ${guid} became ${JSON.stringify(row)}`);
      }
      if (row.outcome === 'accepted') accepted += 1;
    }
    const { rows: deployed } = await client.query<{ sha: string }>(
      'select commit_sha as sha from deployments order by seq',
    );
    if (deployed.length !== accepted) throw new Error(`${accepted} deliveries became ${deployed.length} deployments`);
    const { rows: heads } = await client.query<{ sha: string }>(
      'select distinct on (environment_id) commit_sha as sha from deployments order by environment_id, seq desc',
    );
    const newest = new Set(burst.good.slice(-PROJECTS).map(({ sha }) => sha));
    if (heads.length !== PROJECTS || !heads.every(({ sha }) => newest.has(sha))) {
      throw new Error('the newest push of a project is not its newest deployment');
    }
    return accepted;
  } finally {
    await client.end();
  }
}

/** A thousand deliveries at once, some twice and some forged. */
export async function measureBurst(postgres: EnginePostgres, say: (line: string) => void): Promise<Figure[]> {
  const databaseUrl = await postgres.migratedDatabase();
  const rootKey = randomBytes(32).toString('base64url');
  const sources = await importProjects(databaseUrl, rootKey, PROJECTS);
  const nth = (n: number) => {
    const source = sources[n % PROJECTS];
    if (!source) throw new Error('there are no projects');
    return source;
  };
  // The forged ones first: of each project the last push made is a good one.
  const forged = Array.from({ length: FORGED }, (_, n) => nth(n).next(nth(n + 1).site.webhookSecret));
  const good = Array.from({ length: GOOD }, (_, n) => nth(n).next());
  const repeated = good.filter((_, n) => n % (GOOD / REPEATED) === 0);
  const burst: Burst = { good, repeated, forged };
  return withWebhook({ databaseUrl, rootKey, home: postgres.home }, async (port) => {
    const { seconds, answers } = await deliverAll(port, queuesOf(burst));
    checkAnswers(burst, answers);
    const accepted = await checkDatabase(databaseUrl, burst);
    say(`burst: ${accepted} deployments, ${GOOD - accepted} overtaken by a newer push, ${FORGED} refused`);
    const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
    return [
      {
        name: `burst of ${DELIVERIES} deliveries, all answered after`,
        unit: 's',
        samples: [seconds],
        target: { relation: '≤', value: 5 },
        note: `a new process, ${PROJECTS} projects, ${CONNECTIONS} connections; ${REPEATED} repeated, ${FORGED} forged: none lost, doubled or let in`,
      },
      {
        name: '  latency, 99 of 100',
        unit: 'ms',
        samples: [quantile(sorted, 0.99)],
        target: { relation: '≤', value: 1000 },
      },
    ];
  });
}
