import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createAccount } from '../../local/aliyun/account.ts';
import { createEsaEmulator } from '../../local/aliyun/esa/esa-emulator.ts';
import { createFcEmulator } from '../../local/aliyun/fc/fc-emulator.ts';
import { createOssEmulator } from '../../local/aliyun/oss/create-oss-emulator.ts';
import { createTablestoreEmulator } from '../../local/aliyun/tablestore/tablestore-emulator.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { type Emulator, listen } from '../../local/wire/emulator.ts';
import type { ReleaseInput } from './release-config.ts';

const SITES = 'sites.localhost';
const INSTANCE = 'miaobu-test';

export interface ReleaseResult {
  readonly code: number | null;
  /** Step → its remark, of those that finished. */
  readonly steps: Readonly<Record<string, string | undefined>>;
  readonly errors: string;
}

/** An empty account of the local cloud, with a Postgres, into which the release program can release. */
export async function startReleaseUnderTest() {
  const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-release-'));
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(directory, 0o711);
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const folder = (name: string) => path.join(directory, name);
  const account = createAccount(randomBytes(16).toString('hex'));
  const reaper = startReaper();
  closers.push(() => reaper.close());
  /** Calls that may change something, in order: `POST /2023-03-30/functions`, `CreateRoutine`, … */
  const writes: string[] = [];
  const serve = async (emulator: Emulator, nameOf: (request: IncomingMessage) => string | undefined) => {
    const listening = await listen({
      handle(request, response) {
        const name = nameOf(request);
        if (name !== undefined) writes.push(name);
        return emulator.handle(request, response);
      },
    });
    closers.push(
      () => emulator.close(),
      () => listening.close(),
    );
    return listening;
  };
  const byMethod = ({ method, url }: IncomingMessage) => (method === 'GET' ? undefined : `${method} ${url}`);
  const byAction = ({ headers }: IncomingMessage) => {
    const action = String(headers['x-acs-action']);
    return /^(Get|List)/.test(action) ? undefined : action;
  };

  const oss = createOssEmulator({ account, stateDirectory: folder('oss'), region: account.region });
  const ossServer = await serve(oss, byMethod);
  oss.putBucket('esa-routine-code');
  const esa = createEsaEmulator({
    account,
    stateDirectory: folder('esa'),
    siteNames: [SITES],
    uploadTarget: {
      ossUrl: ossServer.url,
      bucket: 'esa-routine-code',
      credentials: account.operator,
      readObject: oss.readObject,
    },
    ossOrigin: { endpoint: ossServer.url, credentials: account.operator },
    reaper,
    log: () => {},
  });
  const esaServer = await serve(esa, byAction);
  const tablestoreOptions = { account, stateDirectory: folder('tablestore'), instanceName: INSTANCE };
  const tablestoreServer = await serve(createTablestoreEmulator(tablestoreOptions), () => undefined);
  let fcPort = 0;
  mkdirSync(folder('fc'));
  const fc = createFcEmulator({
    account,
    region: account.region,
    stateDirectory: folder('fc'),
    reaper,
    log: () => {},
    functionOrigin: (label) => `http://${label}.fcapp.localhost:${fcPort}`,
  });
  const fcServer = await serve(fc, byMethod);
  fcPort = fcServer.port;
  const postgres = await startPostgres({ directory: path.join(folder('postgres'), 'data'), port: 0 });
  reaper.watch(postgres.pid);
  closers.push(async () => {
    await postgres.stop();
    reaper.release(postgres.pid);
  });

  const rootKey = randomBytes(32).toString('base64url');
  const config = (): ReleaseInput => ({
    credentials: account.operator,
    endpoints: { fc: fcServer.url, esa: esaServer.url, oss: ossServer.url, tablestore: tablestoreServer.url },
    cacheDirectory: folder('cache'),
    environment: {
      ALIYUN_REGION: account.region,
      DATABASE_URL: postgres.url(),
      MIAOBU_ROOT_KEY: rootKey,
      CONTROL_ORIGIN: `http://api.miaobu.localhost:${fcPort}`,
      SITES_ORIGIN: `http://${SITES}`,
      OSS_ENDPOINT: ossServer.url,
      OSS_PUBLIC_ENDPOINT: ossServer.url,
      OSS_BUCKET: 'miaobu-test',
      OSS_PATH_STYLE: 'true',
      ESA_ENDPOINT: esaServer.url,
      ESA_SITE_ID: String(esa.sites[0]?.siteId),
      ALIDNS_ENDPOINT: esaServer.url,
      DNS_ZONE: SITES,
      TABLESTORE_ENDPOINT: tablestoreServer.url,
      TABLESTORE_INSTANCE: INSTANCE,
      DOORBELL_ENDPOINT: fcServer.url,
      GITHUB_API_URL: fcServer.url,
      GITHUB_WEB_URL: fcServer.url,
      GITHUB_CLIENT_ID: 'Ov23ofTheTest',
      BUILD_REPOSITORY: 'miaobu/builds',
      MIAOBU_ROLE_ARN: `acs:ram::${account.accountId}:role/miaobu`,
      MIAOBU_VPC_ID: 'vpc-test',
      MIAOBU_VSWITCH_ID: 'vsw-test',
      MIAOBU_SECURITY_GROUP_ID: 'sg-test',
      MIAOBU_LOG_PROJECT: 'miaobu-test',
      MIAOBU_LOG_STORE: 'functions',
    },
  });

  return {
    account,
    config,
    writes,
    fcUrl: fcServer.url,
    databaseUrl: postgres.url(),
    esa,
    /** Runs the program with a configuration. */
    release: (input: unknown = config()): Promise<ReleaseResult> => runRelease(input),
    async close() {
      for (const end of closers.reverse()) await end();
    },
  };
}

async function runRelease(input: unknown): Promise<ReleaseResult> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const program = path.join(import.meta.dirname, 'release-platform.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], { env });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(JSON.stringify(input));
  const [lines, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const steps: Record<string, string | undefined> = {};
  for (const line of lines.split('\n').filter(Boolean)) {
    const { step, remark } = JSON.parse(line);
    steps[step] = remark;
  }
  return { code, steps, errors };
}
