import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '@miaobu/shared/db/sql';
import { freePort } from '../../local/aliyun/fc/free-port.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { eventually } from '../../tests/e2e/eventually.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import { variablesOfFunction } from '../measuring/platform-functions.ts';

const checkout = path.resolve(import.meta.dirname, '..', '..');
const node = ['--disable-warning=ExperimentalWarning'];

export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

/** One instance of `api` in a process of its own, with the variables that this platform's has and another database. */
export async function startApi(platform: Platform, databaseUrl: string): Promise<Server> {
  const variables = await variablesOfFunction(platform, 'miaobu-api');
  const reaper = startReaper();
  const port = await freePort();
  const logFile = path.join(platform.home, `api-${port}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [...node, path.join(checkout, 'functions', 'api', 'handler.ts')], {
    env: {
      ...variables,
      DATABASE_URL: databaseUrl,
      // Rate limits are not what is measured.
      RATE_LIMIT_SCALE: '1000',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'bench',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'bench',
      FC_SERVER_PORT: String(port),
      FC_INSTANCE_ID: 'bench',
    },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const exited = once(child, 'exit');
  if (child.pid !== undefined) reaper.watch(child.pid);
  const failed = exited.then(() => Promise.reject(new Error(`api ended: ${readFileSync(logFile, 'utf8')}`)));
  failed.catch(() => {});
  const isReady = async () => ((await fetch(`http://127.0.0.1:${port}/health/ready`)).ok ? true : undefined);
  await Promise.race([failed, eventually(isReady, 'api is ready')]);
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      if (child.pid !== undefined) reaper.release(child.pid);
      await reaper.close();
    },
  };
}

/** A server of one statement, in a process of its own. */
export async function startPeer(
  framework: 'hono' | 'fastify',
  {
    databaseUrl,
    poolSize,
    statement,
  }: { readonly databaseUrl: string; readonly poolSize: number; readonly statement: Sql },
): Promise<Server> {
  const given = JSON.stringify({ databaseUrl, poolSize, text: statement.text, values: statement.values });
  const peer = path.join(import.meta.dirname, 'api-peer.ts');
  const child = spawn(process.execPath, [...node, peer, framework, given], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(line.toString()),
    async stop() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
