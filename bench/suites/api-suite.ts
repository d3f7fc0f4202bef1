import path from 'node:path';
import type { Queryable } from '@miaobu/shared/db/database';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import type { Sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { shownDeploymentsRepository } from '@miaobu/shared/model/deployment/shown-deployments-repository';
import { Client } from 'undici';
import { ensureDatabase } from '../../local/postgres/ensure-database.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import { withPlatform } from '../measuring/bench-platform.ts';
import { type Figure, quantile, type Suite } from '../measuring/figure.ts';
import { variablesOfFunction } from '../measuring/platform-functions.ts';
import { type Amount, type BenchUser, fillDatabase } from './api-data.ts';
import { type Server, startApi, startPeer } from './api-processes.ts';

/** Enough to fill the requested page, and a thousand projects with a thousand deployments each. */
const EMPTY: Amount = { users: 100, projectsPerUser: 1, deploymentsPerProject: 21 };
const FULL: Amount = { users: 100, projectsPerUser: 10, deploymentsPerProject: 1000 };
const MOST_GROWTH = 1.5;
const PAGE = 20;
const CONNECTIONS = 8;
const WARM_UP = 400;
const REQUESTS = 2_000;
const ROUNDS = 3;

interface Question {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Contender {
  readonly name: string;
  readonly server: Server;
  question(n: number): Question;
  readonly latenciesMs: number[][];
  readonly perSecond: number[];
}

async function askAll(
  { server, question }: Contender,
  requests: number,
): Promise<{ seconds: number; latenciesMs: number[] }> {
  const latenciesMs: number[] = [];
  let asked = 0;
  const began = performance.now();
  const connection = async () => {
    const client = new Client(`http://127.0.0.1:${server.port}`);
    try {
      while (asked < requests) {
        const { path: url, headers } = question(asked++);
        const start = performance.now();
        const { statusCode, body } = await client.request({ method: 'GET', path: url, headers: { ...headers } });
        const text = await body.text();
        latenciesMs.push(performance.now() - start);
        if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${text}`);
      }
    } finally {
      await client.close();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return { seconds: (performance.now() - began) / 1000, latenciesMs };
}

/** The statement with which `api` reads a page of deployments. */
async function listStatement({ projectId }: BenchUser): Promise<Sql> {
  const sent: Sql[] = [];
  const recording: Queryable = {
    async query(statement) {
      sent.push(statement);
      return [];
    },
    async execute() {},
  };
  await shownDeploymentsRepository(recording).list(projectId, { limit: PAGE + 1, beforeId: undefined });
  const [statement] = sent;
  if (!statement) throw new Error('listing deployments sends no statement');
  return statement;
}

const listPath = ({ projectId }: BenchUser) =>
  `/api/v1/projects/${showId('project', projectId)}/deployments?limit=${PAGE}`;
const getPath = ({ projectId, deploymentId }: BenchUser) =>
  `/api/v1/projects/${showId('project', projectId)}/deployments/${showId('deployment', deploymentId)}`;

/** All users take turns, so that nobody reaches a limit. */
const asking = (users: readonly BenchUser[], pathOf: (user: BenchUser) => string) => (n: number) => {
  const user = users[n % users.length];
  if (!user) throw new Error('nobody is there to ask');
  return {
    path: pathOf(user),
    headers: { authorization: `Bearer ${user.token}`, 'x-forwarded-for': `198.51.100.${n % 250}` },
  };
};

async function newDatabase(platform: Platform, name: string): Promise<string> {
  const { DATABASE_URL = '' } = await variablesOfFunction(platform, 'miaobu-api');
  await ensureDatabase(DATABASE_URL, name);
  const url = new URL(DATABASE_URL);
  url.pathname = `/${name}`;
  await migrateDatabase(url.href, path.resolve(import.meta.dirname, '..', '..', 'migrations'));
  return url.href;
}

const shareOf = (samples: readonly number[], share: number) =>
  quantile(
    samples.toSorted((a, b) => a - b),
    share,
  );

function figuresOf({ name, perSecond, latenciesMs }: Contender): Figure[] {
  return [
    { name, unit: 'requests/s', samples: perSecond },
    { name: '  latency, median', unit: 'ms', samples: latenciesMs.map((round) => shareOf(round, 0.5)) },
    { name: '  latency, 99 of 100', unit: 'ms', samples: latenciesMs.map((round) => shareOf(round, 0.99)) },
  ];
}

/** How much slower the slowest hundredth is in the full database, round by round. */
function growthOf(what: string, empty: Contender, full: Contender): Figure {
  return {
    name: `${what}: 99 of 100, full ÷ empty`,
    unit: '×',
    samples: full.latenciesMs.map(
      (round, index) => shareOf(round, 0.99) / shareOf(empty.latenciesMs[index] ?? [], 0.99),
    ),
    target: { relation: '≤', value: MOST_GROWTH },
  };
}

export const apiSuite: Suite = {
  name: 'api',
  about:
    'reading a page of deployments and a single one, with 1,000,000 of them and with hardly any, beside servers that do nothing else',
  run: (say) =>
    withPlatform(async (platform) => {
      const emptyUrl = await newDatabase(platform, 'bench_empty');
      const fullUrl = await newDatabase(platform, 'bench_full');
      const few = await fillDatabase(emptyUrl, EMPTY);
      const many = await fillDatabase(fullUrl, FULL);
      const { DATABASE_POOL_SIZE } = await variablesOfFunction(platform, 'miaobu-api');
      say('the databases are filled');
      const [first] = many;
      if (!first) throw new Error('the database has no users');
      const statement = await listStatement(first);
      const servers: Server[] = [];
      const start = async (server: Promise<Server>) => {
        servers.push(await server);
        return await server;
      };
      try {
        const peer = { databaseUrl: fullUrl, poolSize: Number(DATABASE_POOL_SIZE), statement };
        const onEmpty = await start(startApi(platform, emptyUrl));
        const onFull = await start(startApi(platform, fullUrl));
        const contender = (name: string, server: Server, question: Contender['question']): Contender => ({
          ...{ name, server, question },
          ...{ latenciesMs: [], perSecond: [] },
        });
        const plain = () => ({ path: '/', headers: {} });
        const listEmpty = contender('api: list, empty', onEmpty, asking(few, listPath));
        const listFull = contender('api: list, full', onFull, asking(many, listPath));
        const getEmpty = contender('api: get, empty', onEmpty, asking(few, getPath));
        const getFull = contender('api: get, full', onFull, asking(many, getPath));
        const hono = contender('bare hono: list, full', await start(startPeer('hono', peer)), plain);
        const fastify = contender('fastify: list, full', await start(startPeer('fastify', peer)), plain);
        const all = [listEmpty, listFull, getEmpty, getFull, hono, fastify];
        for (const each of all) await askAll(each, WARM_UP);
        for (let round = 1; round <= ROUNDS; round += 1) {
          for (const each of all) {
            const { seconds, latenciesMs } = await askAll(each, REQUESTS);
            each.latenciesMs.push(latenciesMs);
            each.perSecond.push(REQUESTS / seconds);
          }
          say(`round ${round} of ${ROUNDS}`);
        }
        return [...all.flatMap(figuresOf), growthOf('list', listEmpty, listFull), growthOf('get', getEmpty, getFull)];
      } finally {
        for (const server of servers) await server.stop();
      }
    }),
};
