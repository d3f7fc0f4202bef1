import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { type ReadGithubToken, readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { type BuildTokens, buildTokens, TICKET_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import type { Deployment, SealedVariable } from '@miaobu/shared/model/deployment/deployment';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { createSealer, type RingSealer } from '@miaobu/shared/model/key/create-sealer';
import { type Project, variableContext, webhookSecretContext } from '@miaobu/shared/model/project/project';
import { repositories, type Store } from '@miaobu/shared/model/repositories';
import { shiftClock } from './shift-clock.ts';
import { testDatabase } from './test-database.ts';

/** The test's own database, with all repositories. */
export interface TestStore {
  /** Of the database. */
  readonly url: string;
  readonly db: Database;
  readonly store: Store;
  /** The root key under which everything in it is ultimately sealed. */
  readonly rootKey: string;
  readonly sealer: RingSealer;
  /** Cannot refresh an expiring token. */
  readonly readGithubToken: ReadGithubToken;
  readonly tokens: BuildTokens;
  /** Advances `db_now()`, for every connection. */
  moveClock(seconds: number): Promise<void>;
  /** Deletes every row, and resets the clock. */
  empty(): Promise<void>;
  /** Messages of the outbox, oldest first. */
  messages(topic?: string): Promise<{ topic: string; state: string; attempts: number; lastError: string | null }[]>;
  deployment(id: string): Promise<Deployment>;
  environment(id: string): Promise<Environment>;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<TestStore> {
  const own = await testDatabase();
  // What is in time in production may be late on a machine that runs everything at once.
  const db = openDatabase({ url: own.url, poolSize: 6, waitSeconds: 30 });
  const store = repositories(db);
  const rootKey = randomBytes(32).toString('base64url');
  const sealer = createSealer({ store, rootKeys: { current: rootKey } });
  const found = <T>(row: T | undefined): T => {
    if (row === undefined) throw new Error('the row is missing');
    return row;
  };
  return {
    url: own.url,
    db,
    store,
    rootKey,
    sealer,
    readGithubToken: readGithubToken({ store, sealer }),
    tokens: buildTokens({ current: rootKey }),
    moveClock: (seconds) => shiftClock(db, seconds),
    async empty() {
      // Not truncate, which creates new files for every table and index and takes thirty times as long. As a replica, neither foreign keys
      // nor the audit log's trigger prevents it.
      await db.query(sql`
        do $$ declare name text; begin
          set local session_replication_role = replica;
          for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_migrations' loop
            execute format('delete from %I', name);
          end loop;
        end $$`);
      sealer.forgetKeys();
    },
    messages: (topic) =>
      db.query(sql`
        select topic, state, attempts, last_error from outbox
         where ${topic ?? null}::text is null or topic = ${topic ?? null} order by id`),
    deployment: async (id) => found(await store.deployments.find(id)),
    environment: async (id) => found(await store.environments.find(id)),
    async close() {
      await db.close();
      await own.close();
    },
  };
}

export interface Site {
  readonly project: Project;
  readonly environment: Environment;
  readonly hostnames: readonly string[];
}

export interface SiteOptions {
  readonly slug?: string;
  readonly repository?: string;
  readonly githubRepositoryId?: number;
  readonly githubToken?: string;
  /** Hostnames of production; by default the slug under `sites.localhost`. */
  readonly hostnames?: readonly string[];
  readonly variables?: readonly {
    readonly key: string;
    readonly value: string;
    readonly scope: SealedVariable['scope'];
  }[];
}

/** A user with a project, its production environment and its hostnames, as an import leaves them. */
export async function prepareSite({ db, store, sealer }: TestStore, options: SiteOptions = {}): Promise<Site> {
  const slug = options.slug ?? 'blog';
  const user = await store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' });
  const githubToken = options.githubToken ?? 'token-of-you';
  await store.accounts.storeGithubToken(
    user.id,
    await sealer.seal(githubToken, { context: githubTokenContext(user.id) }),
  );
  const id = await store.projects.newId();
  const project = await store.projects.insert({
    id,
    userId: user.id,
    slug,
    name: slug,
    githubRepositoryId: options.githubRepositoryId ?? 1,
    repository: options.repository ?? 'you/site',
    rootDirectory: '',
    installCommand: null,
    buildCommand: null,
    outputDirectory: null,
    startCommand: null,
    runtime: null,
    nodeVersion: null,
    spa: null,
    webhookSecretSealed: await sealer.seal('webhook secret', { project: id, context: webhookSecretContext(id) }),
  });
  const environment = await store.environments.insert({ projectId: id, name: 'production', branch: 'main' });
  const hostnames = options.hostnames ?? [`${slug}.sites.localhost`];
  for (const hostname of hostnames) {
    await store.routes.insert({ hostname, projectId: id, environmentId: environment.id });
  }
  for (const { key, value, scope } of options.variables ?? []) {
    const sealed = await sealer.seal(value, { project: id, context: variableContext(id, 'production', key) });
    await db.query(sql`
      insert into environment_variables (project_id, environment, key, sealed, scope)
      values (${id}, 'production', ${key}, ${sealed}, ${scope})`);
  }
  return { project, environment, hostnames };
}

/** Queues a deployment as a push does, with the message that starts its build. */
export function queueTestDeployment(
  { store }: TestStore,
  { project, environment }: Site,
  commitSha = randomBytes(20).toString('hex'),
): Promise<Deployment> {
  return store.transaction(async (transaction) =>
    queueDeployment(transaction, 'webhook', {
      project,
      environment: await transaction.environments.lock(environment.id),
      commit: { sha: commitSha, message: 'a commit', author: 'Ada' },
      trigger: 'push',
      dedupeKey: `push:${commitSha}`,
      requestId: `request-${commitSha.slice(0, 8)}`,
    }),
  );
}

/** What a run is started with. */
export interface Dispatched {
  readonly deploymentId: string;
  /** As it is shown. */
  readonly shownId: string;
  readonly attempt: number;
  readonly ticket: string;
}

/** Starts a queued deployment's next attempt, as if a run had been started for it. */
export async function dispatchAttempt({ store, tokens }: TestStore, deploymentId: string): Promise<Dispatched> {
  const nonce = randomBytes(16);
  const attempt = await store.transaction(async (transaction) => {
    const started = await transaction.deployments.startAttempt(deploymentId);
    if (started === undefined) throw new Error('the deployment is not queued');
    await transaction.attempts.insert({ deploymentId, attempt: started }, nonce, TICKET_SECONDS);
    await transaction.attempts.markDispatched({ deploymentId, attempt: started }, '1');
    return started;
  });
  const ticket = tokens.ticket({ deploymentId, attempt, nonce });
  return { deploymentId, shownId: showId('deployment', deploymentId), attempt, ticket };
}
