import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Figure, quantile } from '../measuring/figure.ts';
import { type Delivery, importProjects, type PushSource } from './engine-deliveries.ts';
import { type Delivered, type Delivering, deliverAll } from './engine-delivering.ts';
import type { EnginePostgres } from './engine-postgres.ts';
import { withWebhook } from './engine-webhook.ts';

const PROJECTS = 200;
const CONNECTIONS = [8, 64] as const;
const DELIVERIES = 4_000;
const WARM_UP = 1_000;
const ROUNDS = 3;

/** One project's pushes stay on one connection, so that each is newer than the one before and gets a deployment of its own. */
function queuesOf(sources: readonly PushSource[], connections: number, deliveries: number): Delivery[][] {
  const queues = Array.from({ length: connections }, (): Delivery[] => []);
  for (let n = 0; n < deliveries; n += 1) {
    const project = n % sources.length;
    const delivery = sources[project]?.next();
    if (delivery) queues[project % connections]?.push(delivery);
  }
  return queues;
}

/** Every delivery was answered 202, has its row, and with it a deployment of its commit; and there is nothing else. */
async function check(databaseUrl: string, delivered: readonly Delivered[]): Promise<void> {
  const refused = delivered.find(({ status }) => status !== 202);
  if (refused) throw new Error(`a good delivery was answered ${refused.status}: ${refused.body}`);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ deliveries: number; deployments: number; whole: number }>(
      `select (select count(*)::int from webhook_deliveries) as deliveries,
              (select count(*)::int from deployments) as deployments,
              (select count(distinct d.id)::int
                 from unnest($1::text[], $2::text[]) as sent (guid, sha)
                 join webhook_deliveries w on w.delivery_guid = sent.guid and w.after_sha = sent.sha and w.outcome = 'accepted'
                 join deployments d on d.id = w.deployment_id and d.commit_sha = sent.sha) as whole`,
      [delivered.map(({ delivery }) => delivery.guid), delivered.map(({ delivery }) => delivery.sha)],
    );
    const [{ deliveries, deployments, whole } = { deliveries: 0, deployments: 0, whole: 0 }] = rows;
    const sent = delivered.length;
    if (deliveries !== sent || deployments !== sent || whole !== sent) {
      throw new Error(
        `${sent} deliveries became ${deliveries} rows and ${deployments} deployments; ${whole} are whole`,
      );
    }
  } finally {
    await client.end();
  }
}

async function analyze(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('analyze');
  await client.end();
}

function figuresOf(connections: number, rounds: readonly Delivering[]): Figure[] {
  const latency = (share: number) =>
    rounds.map(({ answers }) =>
      quantile(
        answers.map(({ ms }) => ms).sort((a, b) => a - b),
        share,
      ),
    );
  return [
    {
      name: `webhook, ${connections} connections`,
      unit: 'deliveries/s',
      samples: rounds.map(({ seconds, answers }) => answers.length / seconds),
      // Throughput when more are always waiting; latency when there are few.
      ...(connections === 64 ? { target: { relation: '≥' as const, value: 1000 } } : {}),
    },
    { name: '  latency, median', unit: 'ms', samples: latency(0.5) },
    {
      name: '  latency, 99 of 100',
      unit: 'ms',
      samples: latency(0.99),
      ...(connections === 8 ? { target: { relation: '<' as const, value: 100 } } : {}),
    },
  ];
}

/** How many pushes one instance of `webhook` accepts durably: each is answered only once it cannot be lost. */
export async function measureIntake(postgres: EnginePostgres, say: (line: string) => void): Promise<Figure[]> {
  const databaseUrl = await postgres.migratedDatabase();
  const rootKey = randomBytes(32).toString('base64url');
  const sources = await importProjects(databaseUrl, rootKey, PROJECTS);
  const rounds = new Map(CONNECTIONS.map((connections) => [connections, [] as Delivering[]]));
  const delivered: Delivered[] = [];
  await withWebhook({ databaseUrl, rootKey, home: postgres.home }, async (port) => {
    const run = async (connections: number, deliveries: number) => {
      const delivering = await deliverAll(port, queuesOf(sources, connections, deliveries));
      delivered.push(...delivering.answers);
      return delivering;
    };
    await run(8, WARM_UP);
    // As autovacuum would long have done on a system in use: without statistics, the choice of index is arbitrary.
    await analyze(databaseUrl);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const connections of CONNECTIONS) {
        const delivering = await run(connections, DELIVERIES);
        rounds.get(connections)?.push(delivering);
        say(
          `${connections} connections, round ${round} of ${ROUNDS}: ${Math.round(DELIVERIES / delivering.seconds)}/s`,
        );
      }
    }
  });
  await check(databaseUrl, delivered);
  return CONNECTIONS.flatMap((connections) => figuresOf(connections, rounds.get(connections) ?? []));
}
