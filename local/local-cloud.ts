import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { finishGithubLogin } from '@miaobu/shared/contracts/auth';
import { PASSED_TO_BUILDS } from '@miaobu/shared/contracts/build-job';
import { createAccount, LOCAL_REGION } from './aliyun/account.ts';
import { createAlidnsEmulator } from './aliyun/alidns/alidns-emulator.ts';
import { createEsaEmulator } from './aliyun/esa/esa-emulator.ts';
import { createFcEmulator } from './aliyun/fc/fc-emulator.ts';
import { createOssEmulator } from './aliyun/oss/create-oss-emulator.ts';
import { createTablestoreEmulator } from './aliyun/tablestore/tablestore-emulator.ts';
import { createFrontDoor } from './front-door.ts';
import { createGateway, GITHUB_PATH } from './gateway.ts';
import { builderRunner } from './github/builder-runner.ts';
import { createGithubEmulator } from './github/github-emulator.ts';
import { type LocalSecrets, localSecretsOf } from './local-secrets.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { BUILDS_REPOSITORY, BUILDS_WORKFLOW, readBuildWorkflow } from './platform-workflow.ts';
import { checkDatabase } from './postgres/check-database.ts';
import { ensureDatabase } from './postgres/ensure-database.ts';
import { keepPostgres } from './postgres/keep-postgres.ts';
import { stopLeftoverPostgres } from './postgres/stop-leftover-postgres.ts';
import { type Reaper, startReaper } from './processes/reaper.ts';
import type { Progress } from './progress.ts';
import { runScript } from './run-script.ts';
import { plainReason, StartError } from './start-error.ts';
import { listen } from './wire/emulator.ts';
import { createFaults, type Faults } from './wire/faults.ts';

export const CONTROL_HOST = 'api.miaobu.localhost';
export const SITES_HOST = 'sites.localhost';
export const BUCKET = 'miaobu-local';
export const TABLESTORE_INSTANCE = 'miaobu-local';
export const OPERATOR = { login: 'dev', id: 1001 } as const;
/** The application that people sign in with at the local GitHub. */
export const CLIENT_ID = 'Ov23liLocalMiaobu';
const DATABASE = 'miaobu';

/** The cloud without the platform: every vendor's service, on two ports and a database. */
export interface LocalCloud {
  readonly home: string;
  readonly secrets: LocalSecrets;
  readonly account: ReturnType<typeof createAccount>;
  readonly databaseUrl: string;
  /** Sites and the control plane. */
  readonly frontPort: number;
  /** The cloud's own endpoints. */
  readonly cloudUrl: string;
  readonly esaSiteId: number;
  readonly log: LogFile;
  readonly reaper: Reaper;
  /** In front of every service. */
  readonly faults: Faults;
  /** Goes on with what an earlier process accepted; to be called once the platform answers. */
  resume(): Promise<void>;
  /** Ends every child process and flushes all state. */
  close(): Promise<void>;
}

export interface LocalCloudOptions {
  /** Locked by the caller. */
  readonly home: string;
  readonly frontPort: number;
  readonly databaseUrl: string | undefined;
  readonly progress: Progress;
}

/** What a local cloud keeps in its state folder. The secrets are created first and deleted last: without them, there is no state. */
const SECRETS = 'secrets.json';
const STATE = ['cloud', 'connection.json', 'logs', 'postgres', 'README', 'release'];

/** Deletes the state of earlier runs, and leaves anything else in the folder alone. */
export async function emptyHome(home: string): Promise<void> {
  if (!existsSync(path.join(home, SECRETS))) return;
  await stopLeftoverPostgres(path.join(home, 'postgres', 'data'));
  for (const name of [...STATE, SECRETS]) rmSync(path.join(home, name), { recursive: true, force: true });
}

/** Its errors are sentences for a person. */
async function orStartError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StartError(plainReason(error) ?? (error as Error).message);
  }
}

/** A database refers to projects whose repositories and files are in the state folder they were created with. */
async function checkBelongsToUs(databaseUrl: string, home: string): Promise<void> {
  const { installed } = await checkDatabase(databaseUrl);
  if (!installed || existsSync(path.join(home, SECRETS))) return;
  throw new StartError(
    'the database of DATABASE_URL was used with another state folder: set MIAOBU_HOME to that, or use an empty database',
  );
}

/** Starts Postgres, every emulator and the edge. After a failure, whatever it started is stopped again. */
export async function startLocalCloud({
  home,
  frontPort,
  databaseUrl,
  progress,
}: LocalCloudOptions): Promise<LocalCloud> {
  const closers: (() => Promise<void> | void)[] = [];
  const background: Promise<unknown>[] = [];
  const close = async () => {
    // A part that is still starting has to be up before it can be stopped.
    await Promise.all(background);
    const failures: unknown[] = [];
    for (const end of closers.splice(0).reverse()) {
      await Promise.resolve()
        .then(end)
        .catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    if (databaseUrl !== undefined) await orStartError(checkBelongsToUs(databaseUrl, home));
    const secrets = localSecretsOf(home);
    const account = createAccount(secrets.accountSeed);
    const state = path.join(home, 'cloud');
    mkdirSync(state, { recursive: true, mode: 0o755 });
    chmodSync(state, 0o755);
    const log = openLogFile(path.join(home, 'logs', 'cloud.log'));
    closers.push(() => log.close());
    const reaper = startReaper();
    closers.push(() => reaper.close());

    const builder = path.join(state, 'builder.cjs');
    const builderBundled = runScript('scripts/bundle-builder.ts', [builder], { reaper, log });
    background.push(builderBundled.catch(() => {}));

    const startDatabase = async () => {
      if (databaseUrl !== undefined) return databaseUrl;
      const done = progress.step('Postgres');
      const postgres = await keepPostgres({
        directory: path.join(home, 'postgres', 'data'),
        port: 0,
        maxConnections: 100,
        reaper,
        log(line) {
          log.lines('postgres')(line);
          progress.note(line);
        },
      });
      closers.push(() => postgres.stop());
      await ensureDatabase(postgres.url(), DATABASE);
      done(postgres.adopted ? 'adopted the one that was left running' : '');
      return postgres.url(DATABASE);
    };
    const databaseStarted = orStartError(startDatabase());
    background.push(databaseStarted.catch(() => {}));

    const cloudPort = frontPort + 1;
    const cloudUrl = `http://127.0.0.1:${cloudPort}`;
    const doneCloud = progress.step('local cloud (FC, OSS, ESA, AliDNS, Tablestore, GitHub)');
    const oss = createOssEmulator({ account, stateDirectory: path.join(state, 'oss'), region: LOCAL_REGION });
    closers.push(() => oss.close());
    oss.putBucket(BUCKET);
    const esa = createEsaEmulator({
      account,
      stateDirectory: path.join(state, 'esa'),
      siteNames: [SITES_HOST],
      uploadTarget: {
        ossUrl: cloudUrl,
        bucket: BUCKET,
        credentials: account.operator,
        readObject: (bucket, key) => oss.readObject(bucket, key),
      },
      ossOrigin: { endpoint: cloudUrl, credentials: account.operator },
      reaper,
      log: log.lines('edge'),
    });
    closers.push(() => esa.close());
    const alidns = createAlidnsEmulator({ account, stateDirectory: path.join(state, 'alidns'), domains: [SITES_HOST] });
    closers.push(() => alidns.close());
    const tablestore = createTablestoreEmulator({
      account,
      stateDirectory: path.join(state, 'tablestore'),
      instanceName: TABLESTORE_INSTANCE,
    });
    closers.push(() => tablestore.close());
    const fc = createFcEmulator({
      account,
      region: LOCAL_REGION,
      stateDirectory: path.join(state, 'fc'),
      reaper,
      log: () => {},
      oss,
      functionOrigin: (label) => `http://${label}.fcapp.localhost:${cloudPort}`,
    });
    closers.push(() => fc.close());
    const github = await createGithubEmulator({
      stateDirectory: path.join(state, 'github'),
      baseUrl: () => `http://localhost:${cloudPort}${GITHUB_PATH}`,
      users: [
        { ...OPERATOR, token: secrets.gitToken },
        { login: BUILDS_REPOSITORY.split('/')[0] ?? '', id: 1, token: secrets.actionsToken },
      ],
      applications: [
        {
          clientId: CLIENT_ID,
          clientSecret: secrets.clientSecret,
          name: 'Miaobu',
          callbackUrl: () => `http://localhost:${frontPort}${finishGithubLogin.path}`,
        },
      ],
      workflows: {
        [BUILDS_REPOSITORY]: {
          [BUILDS_WORKFLOW]: {
            definition: readBuildWorkflow(),
            runner: builderRunner({
              command: [process.execPath, builder],
              environment: { ...builderEnvironment(), MIAOBU_CACHE: path.join(state, 'package-cache') },
              reaper,
              log: log.lines('github'),
            }),
          },
        },
      },
      log: log.lines('github'),
    });
    closers.push(() => github.close());

    const faults = createFaults();
    const gateway = await listen(createGateway({ fc, esa, alidns, tablestore, github, oss }, faults), cloudPort);
    const front = await listen(
      createFrontDoor({ controlHost: CONTROL_HOST, functions: fc, edgePort: () => esa.edge.port }),
      frontPort,
    );
    // First: no request may come in during shutdown. GitHub ends before the functions it calls.
    closers.push(
      () => gateway.close(),
      () => front.close(),
    );
    await esa.edge.ready();
    doneCloud();

    const [database] = await Promise.all([databaseStarted, builderBundled]);
    const [site] = esa.sites;
    if (!site) throw new Error('the local ESA has no site');
    writeFileSync(
      path.join(home, 'README'),
      'State of a local Miaobu cloud. Delete it while nothing runs to start empty.\n',
    );
    return {
      home,
      secrets,
      account,
      databaseUrl: database,
      frontPort,
      cloudUrl,
      esaSiteId: site.siteId,
      log,
      reaper,
      faults,
      resume: () => github.resume(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a build runner may see of this machine: how to reach the package registries, nothing else. */
function builderEnvironment(): Record<string, string> {
  return Object.fromEntries(PASSED_TO_BUILDS.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
