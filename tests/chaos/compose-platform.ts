import { type OutboxMessage, outbox } from '@miaobu/shared/db/outbox';
import type { Context } from '@miaobu/shared/kernel/context';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { FOLLOW_UP_SECONDS } from '@miaobu/shared/model/environment/follow-up-sync-message';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import { type Repositories, repositories, type Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import type { SiteProbe } from '@miaobu/shared/ports/site-probe';
import { appendLog } from '../../functions/build-callback/append-log.ts';
import { authenticateRunner } from '../../functions/build-callback/authenticate-runner.ts';
import { grantPublication } from '../../functions/build-callback/grant-publication.ts';
import { recordReport } from '../../functions/build-callback/record-report.ts';
import { redeemTicket } from '../../functions/build-callback/redeem-ticket.ts';
import { requestManifestUpload, requestUploads } from '../../functions/build-callback/request-uploads.ts';
import { markPurgeable } from '../../functions/cleanup/mark-purgeable.ts';
import { purgeDeployment } from '../../functions/cleanup/purge-deployment.ts';
import type { Retention } from '../../functions/cleanup/retention.ts';
import { runCleanup } from '../../functions/cleanup/run-cleanup.ts';
import { sweeps } from '../../functions/cleanup/sweeps.ts';
import { duties } from '../../functions/deploy/duties.ts';
import { runDeploy } from '../../functions/deploy/run-deploy.ts';
import { topicHandlers } from '../../functions/deploy/topic-handlers.ts';
import { receivePush } from '../../functions/webhook/receive-push.ts';
import type { ChaosDatabase } from './chaos-database.ts';
import { type ChangeRepositories, guardedOutbox, guardedPort, guardedStore } from './guarded-calls.ts';
import type { Net } from './nets.ts';
import type { Actor } from './scheduler.ts';
import { type Trace, traceLog } from './trace.ts';

/** Everything outside the platform, as its ports. */
export interface Outside {
  readonly objectStore: ObjectStore;
  readonly edgeStore: EdgeStore;
  readonly edgeZone: EdgeZone;
  readonly dnsZone: DnsZone;
  readonly codeHost: CodeHost;
  readonly buildRunner: BuildRunner;
  readonly buildLog: Pick<BuildLog, 'append' | 'delete'>;
  readonly siteProbe: SiteProbe;
  readonly doorbell: Doorbell;
  /** An edge write that fails for its caller and lands later. */
  readonly putLater: (namespace: string, key: string, value: string) => void;
}

export interface PlatformParts {
  readonly database: ChaosDatabase;
  readonly outside: Outside;
  readonly trace: Trace;
  readonly monotonicMs: () => number;
  /** In the simulator minutes and hours stand for the days of production. */
  readonly retention: Retention;
  readonly now: () => Date;
  readonly change: ChangeRepositories;
  readonly without: ReadonlySet<Net>;
}

const ROOT_KEY = Buffer.alloc(32, 7).toString('base64url');
const rootKeys = { current: ROOT_KEY };
const tokens = buildTokens(rootKeys);
const SITES_ORIGIN = 'https://sites.example';
export const address = siteAddress(SITES_ORIGIN);
export const controlOrigin = 'https://api.miaobu.example';
/** As in s.yaml. */
const TIMEOUT_SECONDS = { deploy: 300, cleanup: 600 };

function asSeenBy(actor: Actor, store: Store, change: ChangeRepositories, outside: Outside) {
  const late = (method: string, [namespace, key, value]: readonly unknown[]) =>
    method === 'put' && typeof value === 'string'
      ? () => outside.putLater(String(namespace), String(key), value)
      : undefined;
  return {
    store: guardedStore(actor, store, change),
    objectStore: guardedPort(actor, 'objects', outside.objectStore, 'object_store_unavailable'),
    edgeStore: guardedPort(actor, 'edge', outside.edgeStore, 'edge_unavailable', late),
    edgeZone: guardedPort(actor, 'zone', outside.edgeZone, 'edge_unavailable'),
    dnsZone: guardedPort(actor, 'dns', outside.dnsZone, 'dns_unavailable'),
    codeHost: guardedPort(actor, 'github', outside.codeHost, 'code_host_unavailable'),
    buildRunner: guardedPort(actor, 'actions', outside.buildRunner, 'code_host_unavailable'),
    buildLog: guardedPort(actor, 'log', outside.buildLog, 'log_store_unavailable'),
    siteProbe: guardedPort(actor, 'probe', outside.siteProbe, 'edge_unavailable'),
    doorbell: {
      ring: (requestId: string) => actor.effect({ label: 'ring the doorbell' }, () => outside.doorbell.ring(requestId)),
    },
  };
}

const nothing = async () => 0;

/** Taking or queueing a head schedules a follow-up that asks for it again: that is one of the nets. */
const isFollowUp = ({ topic, delaySeconds }: OutboxMessage) =>
  topic === 'branch.sync' && delaySeconds === FOLLOW_UP_SECONDS;

const withoutFollowUps = <Some extends Pick<Repositories, 'enqueue' | 'pushes'>>(repositories: Some): Some => ({
  ...repositories,
  enqueue: (...messages) => repositories.enqueue(...messages.filter((message) => !isFollowUp(message))),
  pushes: {
    ...repositories.pushes,
    accept: (pushes, by) =>
      repositories.pushes.accept(
        pushes.map((push) => ({ ...push, messages: push.messages.filter((message) => !isFollowUp(message)) })),
        by,
      ),
  },
});

const withoutSync = (store: Store): Store => ({
  ...withoutFollowUps(store),
  transaction: (work) => store.transaction((repositories) => work(withoutFollowUps(repositories))),
});

/**
 * The product's functions as one actor runs them, put together as their handlers do, around a database and vendors that
 * wait for the scheduler. It uses the handlers' own lists of topics, duties and sweeps; new functions are added here.
 */
export function composePlatform(actor: Actor, parts: PlatformParts) {
  const { database, outside, trace, monotonicMs, retention, without } = parts;
  const seen = asSeenBy(actor, repositories(database.db), parts.change, outside);
  const { objectStore, edgeStore, codeHost, doorbell } = seen;
  const store = without.has('sync') ? withoutSync(seen.store) : seen.store;
  const sealer = createSealer({ store, rootKeys, monotonicMs });
  const readToken = readGithubToken({ store, sealer, sleep: (milliseconds) => actor.sleep(milliseconds) });
  const runner = { authenticateRunner: authenticateRunner({ store }), store, tokens };
  const context: Context = {
    requestId: actor.name.replaceAll(' ', '-'),
    log: traceLog(trace, actor.name),
    signal: new AbortController().signal,
  };
  const worker = {
    outbox: guardedOutbox(actor, outbox(database.db)),
    store,
    owner: actor.name,
    monotonicMs,
    sleep: (milliseconds: number) => actor.sleep(milliseconds),
  };
  return {
    context,
    store,
    sealer,
    readGithubToken: readToken,
    codeHost,
    doorbell,
    buildTokens: tokens,
    receivePush: receivePush({ store, sealer, doorbell }),
    redeemTicket: redeemTicket({
      store,
      tokens,
      sealer,
      readGithubToken: readToken,
      codeHost,
      buildLog: seen.buildLog,
      doorbell,
    }),
    appendLog: appendLog({ ...runner, buildLog: seen.buildLog }),
    recordReport: recordReport({ ...runner, doorbell }),
    grantPublication: grantPublication(runner),
    requestUploads: requestUploads({ ...runner, objectStore }),
    requestManifestUpload: requestManifestUpload({ ...runner, objectStore }),
    deploy: () =>
      runDeploy({
        ...worker,
        duties: {
          ...duties({ store }),
          ...(without.has('sync') && { 'find-unsynced': nothing }),
          ...(without.has('redelivery') && { 'find-hooks-in-use': nothing }),
          ...(without.has('scrub') && { 'request-scrub': nothing }),
        },
        handlers: topicHandlers({
          ...seen,
          store,
          sealer,
          rootKeys,
          tokens,
          readGithubToken: readToken,
          alertChannel: undefined,
          address,
          controlOrigin,
          originBucketDomain: 'bucket.example',
          now: parts.now,
          monotonicMs,
        }),
      })({ ...context, timeoutSeconds: TIMEOUT_SECONDS.deploy }),
    cleanup: () =>
      runCleanup({
        ...worker,
        markPurgeable: markPurgeable({ store, retention }),
        // Its time is virtual, and does not run out.
        timeLimit: () => context.signal,
        sweeps: sweeps({ ...seen, store, retention, sitesDomain: new URL(SITES_ORIGIN).hostname, monotonicMs }),
        handlers: { 'deployment.purge': purgeDeployment({ store, objectStore, edgeStore }) },
      })({ ...context, timeoutSeconds: TIMEOUT_SECONDS.cleanup }),
  };
}
export type Platform = ReturnType<typeof composePlatform>;

/** An actor that never waits: for what happens before and after the story. */
export const unhindered: Actor = {
  name: 'unhindered',
  effect: async (_, perform) => perform(),
  note: () => {},
  sleep: async () => {},
  waitFor: (other) => other,
};
