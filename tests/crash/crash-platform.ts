import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { type ApiClient, createClient } from '@miaobu/shared/contracts/client';
import { type Database, openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import pg from 'pg';
import { LOCAL_REGION } from '../../local/aliyun/account.ts';
import { deployPlatform, releaseCache } from '../../local/deploy-platform.ts';
import { freePortPair } from '../../local/free-ports.ts';
import { GITHUB_PATH } from '../../local/gateway.ts';
import { BUCKET, OPERATOR, startLocalCloud } from '../../local/local-cloud.ts';
import { ensureDatabase } from '../../local/postgres/ensure-database.ts';
import { type Postgres, startPostgres } from '../../local/postgres/start-postgres.ts';
import { isProcessAlive } from '../../local/processes/process-alive.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { createProgress, type Progress } from '../../local/progress.ts';
import { shiftClock } from '../database/shift-clock.ts';
import { eventually } from '../e2e/eventually.ts';
import { type CrashWire, createCrashWire } from './armed-crash.ts';
import { functionCompute } from './function-compute.ts';
import { type GithubOperator, githubOperator } from './github-operator.ts';
import { startPostgresProxy } from './postgres-proxy.ts';

/** The whole platform, without anything that wakes it up: no timer, no doorbell. */
export interface CrashPlatform {
  readonly home: string;
  readonly crashes: CrashWire;
  readonly api: ApiClient;
  readonly gitUrl: string;
  readonly frontPort: number;
  /** Past the proxy. */
  readonly database: Database;
  readonly edgeStore: EdgeStore;
  readonly objectStore: ObjectStore;
  readonly secrets: readonly string[];
  readonly logFile: string;
  /** Runs a function as its timer does, and waits until it ends, possibly in failure. */
  wake(name: 'deploy' | 'cleanup'): Promise<string>;
  /** Advances the database's clock. Sessions idle in an open transaction are ended, as they would have been by then. */
  letTimePass(seconds: number): Promise<void>;
  /** Resolves when no build runs. */
  buildsEnd(): Promise<void>;
  readonly github: GithubOperator;
  /** `pg_ctl stop -m immediate`; resolves when it is gone. */
  crashPostgres(): Promise<void>;
  restartPostgres(): Promise<void>;
  /** Whether Postgres refuses writes, except to sessions that override it. */
  makeReadOnly(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

interface CrashPlatformOptions {
  readonly progress?: Progress;
  /** State folder of another platform, whose built packages are released instead of being built again. */
  readonly builtIn?: string;
}

/** Starts Postgres (durable), the proxy before it, the local cloud, and releases the platform into it. */
export async function startCrashPlatform({
  progress = createProgress(() => {}),
  builtIn,
}: CrashPlatformOptions = {}): Promise<CrashPlatform> {
  // The unprivileged account of Postgres must be able to reach it.
  const home = mkdtempSync('/var/tmp/miaobu-crash-');
  chmodSync(home, 0o711);
  if (builtIn !== undefined) cpSync(releaseCache(builtIn), releaseCache(home), { recursive: true });
  const directory = path.join(home, 'postgres', 'data');
  mkdirSync(path.dirname(directory), { mode: 0o711 });
  const reaper = startReaper();
  const launch = async (port: number) => {
    const started = await startPostgres({ directory, port });
    reaper.watch(started.pid);
    return started;
  };
  let postgres: Postgres = await launch(0);
  await ensureDatabase(postgres.url(), 'miaobu');
  const upstream = new URL(postgres.url('miaobu'));

  let proxyPort = 0;
  const crashes = createCrashWire(home, () => proxyPort);
  const proxy = await startPostgresProxy(upstream, crashes.onStatement);
  proxyPort = proxy.port;
  const proxied = new URL(upstream);
  proxied.port = String(proxy.port);

  const frontPort = await freePortPair(0);
  const cloud = await startLocalCloud({ home, frontPort, databaseUrl: proxied.href, progress });
  await deployPlatform(cloud, progress);
  const { account, cloudUrl, secrets } = cloud;
  const functions = functionCompute(cloudUrl, account.operator);
  for (const name of ['deploy', 'cleanup'] as const) await functions.removeTimers(name);
  cloud.faults.observe(async (passing) => {
    const verdict = await crashes.onCall(passing);
    const isDoorbell = passing.request.headers['x-fc-invocation-type'] === 'Async';
    return isDoorbell && passing.side === 'before' ? 'fail' : verdict;
  });

  const vendor = { region: LOCAL_REGION, credentials: () => account.operator };
  const database = openDatabase({ url: upstream.href, poolSize: 4 });
  const github = githubOperator(`${cloudUrl}${GITHUB_PATH}/api/v3`, secrets);

  return {
    home,
    crashes,
    api: createClient({ origin: `http://localhost:${frontPort}`, token: secrets.apiToken }),
    gitUrl: `http://${OPERATOR.login}:${secrets.gitToken}@localhost:${frontPort + 1}${GITHUB_PATH}/git`,
    frontPort,
    database,
    edgeStore: esaEdgeStore({ ...vendor, endpoint: cloudUrl }),
    objectStore: ossObjectStore({
      ...vendor,
      endpoint: cloudUrl.replace('127.0.0.1', 'localhost'),
      pathStyle: true,
      bucket: BUCKET,
    }),
    secrets: Object.values(secrets),
    logFile: path.join(home, 'logs', 'cloud.log'),
    wake: functions.invoke,
    async letTimePass(seconds) {
      await database.query(sql`
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%' and pid <> pg_backend_pid()`);
      await shiftClock(database, seconds);
    },
    async buildsEnd() {
      await eventually(async () => ((await github.buildsRun()) ? undefined : true), 'the builds end');
    },
    github,
    async crashPostgres() {
      process.kill(postgres.pid, 'SIGQUIT');
      await eventually(async () => (isProcessAlive(postgres.pid) ? undefined : true), 'Postgres is gone');
      reaper.release(postgres.pid);
    },
    async restartPostgres() {
      postgres = await launch(Number(upstream.port));
    },
    async makeReadOnly(on) {
      const client = new pg.Client({
        connectionString: upstream.href,
        options: '-c default_transaction_read_only=off',
      });
      await client.connect();
      await client.query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
      await client.query('select pg_reload_conf()');
      await client.end();
    },
    async stop() {
      await database.close();
      await cloud.close();
      await proxy.close();
      await postgres.stop();
      reaper.release(postgres.pid);
      await reaper.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
