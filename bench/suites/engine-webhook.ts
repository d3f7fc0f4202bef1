import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { freePort } from '../../local/aliyun/fc/free-port.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { eventually } from '../../tests/e2e/eventually.ts';
import { endWithBench } from '../measuring/end-with-bench.ts';

const checkout = path.resolve(import.meta.dirname, '..', '..');

const settings = z.object({
  resources: z.object({
    webhook_function: z.object({
      props: z.object({ environmentVariables: z.object({ DATABASE_POOL_SIZE: z.string() }) }),
    }),
  }),
});

/** The connections to Postgres that an instance of `webhook` has in production. */
function webhookPoolSize(): string {
  const text = readFileSync(path.join(checkout, 's.yaml'), 'utf8');
  return settings.parse(parse(text)).resources.webhook_function.props.environmentVariables.DATABASE_POOL_SIZE;
}

/** Takes the rings of the doorbell, as Function Compute takes an asynchronous call: 202, and nothing else. */
async function startDoorbellSink() {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(202, { 'content-length': 0 }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(() => {}).closeAllConnections(),
  };
}

async function isLive(port: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`);
  return answer.ok ? true : undefined;
}

/** One instance of `webhook` in a process of its own, with the settings of s.yaml, logging into a file of `home`. */
export async function withWebhook<T>(
  { databaseUrl, rootKey, home }: { readonly databaseUrl: string; readonly rootKey: string; readonly home: string },
  use: (port: number) => Promise<T>,
): Promise<T> {
  const doorbell = await startDoorbellSink();
  const reaper = startReaper();
  const port = await freePort();
  const logFile = path.join(home, 'webhook.log');
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(checkout, 'functions', 'webhook', 'handler.ts')],
    {
      env: {
        DATABASE_URL: databaseUrl,
        DATABASE_POOL_SIZE: webhookPoolSize(),
        MIAOBU_ROOT_KEY: rootKey,
        ALIYUN_REGION: 'cn-hangzhou',
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'bench',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'bench',
        ALIBABA_CLOUD_SECURITY_TOKEN: 'bench',
        DOORBELL_ENDPOINT: doorbell.origin,
        DOORBELL_FUNCTION: 'miaobu-deploy',
        FC_SERVER_PORT: String(port),
        FC_INSTANCE_ID: 'bench',
      },
      stdio: ['ignore', log, log],
      detached: true,
    },
  );
  closeSync(log);
  if (child.pid !== undefined) reaper.watch(child.pid);
  const exited = once(child, 'exit');
  const end = endWithBench(async () => {
    child.kill('SIGTERM');
    await exited;
    if (child.pid !== undefined) reaper.release(child.pid);
    await reaper.close();
    doorbell.close();
  });
  try {
    const failed = exited.then(() => Promise.reject(new Error(`webhook ended: ${readFileSync(logFile, 'utf8')}`)));
    failed.catch(() => {});
    await Promise.race([failed, eventually(() => isLive(port), 'webhook answers')]);
    return await use(port);
  } finally {
    await end();
  }
}
