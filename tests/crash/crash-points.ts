import { type Sql, sql } from '@miaobu/shared/db/sql';

/** How a process fails at a point: killed, stopped until its leases have expired and then resumed, or given an error. */
export const crashModes = ['kill', 'hang', 'throw'] as const;
export type CrashMode = (typeof crashModes)[number];

/** A boundary between two effects: a call to the cloud, a statement, or the commit of the transaction that contained one. */
export type Boundary =
  | { readonly service: string; readonly method?: string; readonly action?: string; readonly url?: RegExp }
  | { readonly statement: RegExp }
  | { readonly commitOf: RegExp };

export interface CrashPoint {
  readonly id: string;
  /** Where it dies, for titles and reports: "before …", "after …". Names the runner where that is the victim. */
  readonly dies: string;
  readonly at: Boundary;
  readonly side: 'before' | 'after';
  /** Whose call or statement it is: a function, or the builder. */
  readonly by: 'webhook' | 'api' | 'build-callback' | 'deploy' | 'cleanup' | 'builder';
  /** The process to strike, if not the caller. */
  readonly victim?: 'builder';
  /** How many times the point is passed unharmed. */
  readonly skip?: number;
  /** The story that leads there: a push, … */
  readonly story:
    | 'push'
    | 'two pushes'
    | 'three hostnames'
    | 'deletion'
    | 'cleanup'
    | 'remains'
    | 'rollback'
    | 'rotation';
  /** During `hang`, another push is made and goes live before the stopped process is resumed. */
  readonly overtaken?: true;
  /**
   * What a kill leaves behind: an SQL condition in which `it` is the `project` and its pushed `commit`, checked before anything
   * recovers.
   */
  readonly leaves: Sql;
  readonly recovers: string;
  /** Default: all. */
  readonly modes?: readonly CrashMode[];
}

const deploymentIs = (status: string) => sql`
  exists (select 1 from deployments where project_id = it.project and commit_sha = it.commit and status = ${status})`;
const nothing = sql`not exists (select 1 from deployments where project_id = it.project and commit_sha = it.commit)`;
const queuedWithMessage = sql`${deploymentIs('queued')} and exists (
  select 1 from outbox o join deployments d on o.payload->>'deployment_id' = d.id::text
   where d.project_id = it.project and d.commit_sha = it.commit and o.topic = 'build.start' and o.state = 'pending')`;
/** The doorbell has rung, so another instance may already be handling it. */
const taken = sql`exists (
  select 1 from webhook_deliveries w join deployments d on d.id = w.deployment_id
   where d.project_id = it.project and d.commit_sha = it.commit)`;
const leased = (topic: string) => sql`exists (select 1 from outbox where topic = ${topic} and state = 'leased')`;
const attemptIs = (condition: Sql) => sql`exists (
  select 1 from build_attempts a join deployments d on d.id = a.deployment_id
   where d.project_id = it.project and d.commit_sha = it.commit and a.attempt = 1 and ${condition})`;
const current = sql`exists (
  select 1 from environments e join deployments d on d.id = e.current_deployment_id
   where d.project_id = it.project and d.commit_sha = it.commit)`;
const published = sql`exists (
  select 1 from routes r join deployments d on d.id = r.published_deployment_id
   where d.project_id = it.project and d.commit_sha = it.commit)`;
const exposed = sql`exists (
  select 1 from route_exposures x join deployments d on d.id = x.deployment_id
   where d.project_id = it.project and d.commit_sha = it.commit)`;
const halfResealed = sql`exists (
  select 1 from projects p join data_keys k on k.project_id = p.id
   where p.id = it.project and k.retired_at is not null and p.webhook_secret_sealed not like 'v2.' || k.id || '.%')`;
const doomed = sql`exists (select 1 from blobs where project_id = it.project and doomed_at is not null)`;
const sweptInventory = sql`exists (select 1 from audit_log where action = 'inventory.swept')`;
const purging = sql`exists (select 1 from deployments where project_id = it.project and status = 'purging')`;

const intake = { by: 'webhook', story: 'push' } as const;
const deploy = { by: 'deploy', story: 'push' } as const;
const callback = { by: 'build-callback', story: 'push' } as const;
const builder = { by: 'builder', story: 'push' } as const;
const doorbell = { service: 'fc', action: 'InvokeFunction' } as const;
const contents = { by: 'cleanup', story: 'cleanup' } as const;
const remains = { by: 'cleanup', story: 'remains' } as const;
const putRoute = { service: 'esa', action: 'PutKv', url: /Namespace=miaobu(&|$)/ } as const;

/** The product's crash points, by number. */
export const crashPoints: readonly CrashPoint[] = [
  {
    ...intake,
    id: 'CP01',
    dies: 'before the intake transaction commits',
    at: { commitOf: /insert into webhook_deliveries/ },
    side: 'before',
    leaves: nothing,
    recovers: 'GitHub redelivers, or branch.sync finds the head',
  },
  {
    ...intake,
    id: 'CP02',
    dies: 'after the commit, before the doorbell',
    at: doorbell,
    side: 'before',
    leaves: queuedWithMessage,
    recovers: 'the timer starts a worker',
  },
  {
    ...intake,
    id: 'CP03',
    dies: 'after the commit and the doorbell, before the 202',
    at: doorbell,
    side: 'after',
    leaves: taken,
    recovers: 'a redelivery changes nothing',
  },
  {
    ...intake,
    id: 'CP05',
    dies: 'after the commit, before its result arrives',
    at: { commitOf: /insert into webhook_deliveries/ },
    side: 'after',
    leaves: queuedWithMessage,
    recovers: 'a redelivery changes nothing',
  },
  {
    ...deploy,
    id: 'CP06',
    dies: 'after claiming a message, before the attempt is recorded',
    at: { statement: /outbox_claim/ },
    side: 'after',
    leaves: sql`${deploymentIs('queued')} and ${leased('build.start')} and not ${attemptIs(sql`true`)}`,
    recovers: 'the lease expires',
  },
  {
    ...deploy,
    id: 'CP07',
    dies: 'after recording the attempt, before calling GitHub',
    at: { commitOf: /insert into build_attempts/ },
    side: 'after',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.state = 'dispatching'`)}`,
    recovers: 'the same attempt is dispatched again',
  },
  {
    ...deploy,
    id: 'CP08',
    dies: 'after GitHub accepted the run, before its response arrives',
    at: { service: 'github', method: 'POST', url: /\/dispatches$/ },
    side: 'after',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.run_id is null`)}`,
    recovers: 'the run is found by its name; of two runs only the first can redeem the ticket',
  },
  {
    ...deploy,
    id: 'CP09',
    dies: 'after the run started, before the message is finished',
    at: { commitOf: /update build_attempts\s+set run_id/ },
    side: 'before',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.run_id is null`)}`,
    recovers: 'the run is found by its name; of two runs only the first can redeem the ticket',
  },
  {
    ...callback,
    id: 'CP10',
    dies: 'the runner, before it redeems its ticket',
    at: { commitOf: /set state = 'running', redeemer/ },
    side: 'before',
    victim: 'builder',
    leaves: sql`${deploymentIs('queued')} and ${attemptIs(sql`a.redeemer is null`)}`,
    recovers: 'GitHub says that the run is over: another attempt starts',
    modes: ['kill', 'hang'],
  },
  {
    ...callback,
    id: 'CP11',
    dies: 'after redeeming the ticket, before the response',
    at: { commitOf: /set state = 'running', redeemer/ },
    side: 'after',
    leaves: attemptIs(sql`a.redeemer is not null`),
    recovers: 'the same run redeems its ticket again',
  },
  {
    ...callback,
    id: 'CP12',
    dies: 'the runner, in the middle of the build',
    at: { commitOf: /insert into build_reports/ },
    side: 'after',
    victim: 'builder',
    leaves: deploymentIs('building'),
    recovers: 'GitHub says that the run is over: another attempt starts, and the old one is fenced',
    modes: ['kill', 'hang'],
  },
  {
    ...callback,
    id: 'CP13',
    dies: 'after recording the last report, before the response',
    at: { commitOf: /insert into outbox[\s\S]*insert into build_reports/ },
    side: 'after',
    leaves: deploymentIs('deploying'),
    recovers: 'the repeated report changes nothing',
  },
  {
    ...builder,
    id: 'CP15',
    dies: 'the runner, after uploading part of the files',
    at: { service: 'oss', method: 'PUT', url: /\/blobs\// },
    side: 'after',
    skip: 1,
    leaves: deploymentIs('uploading'),
    recovers: 'another attempt; nothing is activated without a manifest',
  },
  {
    ...builder,
    id: 'CP16',
    dies: 'the runner, after uploading everything, before its last report',
    at: { service: 'oss', method: 'PUT', url: /\/manifest-1\.json/ },
    side: 'after',
    leaves: deploymentIs('uploading'),
    recovers: 'the manifest is complete, so the upload is adopted without another build',
  },
  {
    ...deploy,
    id: 'CP20',
    dies: 'after switching the environment, before publishing',
    at: { commitOf: /set current_deployment_id/ },
    side: 'after',
    leaves: sql`${current} and not ${published}`,
    recovers: 'the timer starts a worker',
  },
  {
    ...deploy,
    id: 'CP21',
    dies: 'while switching, when a newer deployment follows',
    at: { commitOf: /set current_deployment_id/ },
    side: 'before',
    story: 'two pushes',
    leaves: sql`not ${current}`,
    recovers: 'the higher seq wins in any order',
  },
  {
    ...deploy,
    id: 'CP22',
    dies: 'after recording the exposure, before writing Edge KV',
    at: { commitOf: /insert into route_exposures/ },
    side: 'after',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'the lease expires; the recorded exposure protects the deployment',
  },
  {
    ...deploy,
    id: 'CP23',
    dies: 'after writing Edge KV, before the database records it',
    at: putRoute,
    side: 'after',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'the next worker writes the same value',
  },
  {
    ...deploy,
    id: 'CP24',
    dies: 'while writing Edge KV: the write lands late, or never',
    at: putRoute,
    side: 'before',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'the value is written again and read back',
  },
  {
    ...deploy,
    id: 'CP25',
    dies: 'frozen before it writes Edge KV, resumed after a newer publication',
    at: putRoute,
    side: 'before',
    overtaken: true,
    leaves: exposed,
    recovers: 'the scrub compares Edge KV with the database; the older deployment still exists',
    modes: ['hang'],
  },
  {
    ...deploy,
    id: 'CP26',
    dies: 'after writing one of three hostnames',
    at: putRoute,
    side: 'after',
    story: 'three hostnames',
    leaves: deploymentIs('deploying'),
    recovers: 'every hostname has its own message',
  },
  {
    ...deploy,
    id: 'CP27',
    dies: 'while purging the cache',
    at: { service: 'esa', action: 'PurgeCaches' },
    side: 'before',
    leaves: published,
    recovers: 'a retry; droppable, because contents are addressed by hash',
  },
  {
    id: 'CP28',
    by: 'cleanup',
    story: 'cleanup',
    dies: 'after marking a deployment for deletion',
    at: { commitOf: /insert into outbox/ },
    side: 'after',
    leaves: purging,
    recovers: 'the next round handles its message',
  },
  {
    id: 'CP29',
    by: 'cleanup',
    story: 'cleanup',
    dies: 'after deleting half of a deployment',
    at: { service: 'esa', action: 'DeleteKv' },
    side: 'after',
    leaves: sql`${purging} and ${leased('deployment.purge')}`,
    recovers: 'the lease expires; deletions are idempotent',
  },
  {
    id: 'CP30',
    by: 'api',
    story: 'rollback',
    dies: 'after committing a rollback to a deployment that cleanup is about to purge, before the response',
    at: { commitOf: /set current_deployment_id/ },
    side: 'after',
    leaves: sql`${current} and not ${published} and not ${purging}`,
    recovers: 'both lock the environment, and the current deployment is never purged; the timer starts a worker',
  },
  {
    ...deploy,
    id: 'CP31',
    dies: 'while tearing down a project in the middle of a build',
    at: { service: 'esa', action: 'DeleteKv' },
    side: 'after',
    story: 'deletion',
    leaves: sql`exists (select 1 from projects where id = it.project and deleting_at is not null)`,
    recovers: 'every round starts over and skips what is done',
  },
  {
    ...deploy,
    id: 'CP33',
    story: 'rotation',
    dies: 'after sealing some of a project’s secrets with its new key',
    at: { commitOf: /update projects set webhook_secret_sealed = changes/ },
    side: 'after',
    leaves: halfResealed,
    recovers: 'every value names its key, a key is kept while values use it, and the walk continues',
  },
  {
    ...deploy,
    id: 'CP36',
    dies: 'while reaping expired leases',
    at: { statement: /outbox_reap/ },
    side: 'before',
    leaves: taken,
    recovers: 'the next tick; two reapers at once do no harm',
  },
  {
    ...contents,
    id: 'CP39',
    dies: 'after dooming contents that nobody uses, before deleting their objects',
    at: { commitOf: /update blobs b set doomed_at = date_trunc/ },
    side: 'after',
    leaves: doomed,
    recovers: 'doomed contents are taken over by the next sweep, or by a build, after two minutes',
  },
  {
    ...contents,
    id: 'CP40',
    dies: 'after deleting the objects of doomed contents, before deleting their rows',
    at: { statement: /delete from blobs b using held/ },
    side: 'before',
    leaves: doomed,
    recovers: 'doomed contents are taken over by the next sweep; deletions are idempotent',
  },
  {
    ...contents,
    id: 'CP41',
    dies: 'after deleting the rows of doomed contents, before recording the end of the sweep',
    at: { commitOf: /delete from blobs b using held/ },
    side: 'after',
    leaves: sql`not ${doomed} and exists (
      select 1 from content_sweeps where project_id = it.project and swept_at is distinct from begun_at)`,
    recovers: 'a project whose last sweep did not end is swept again',
  },
  {
    ...remains,
    id: 'CP42',
    dies: 'after deleting what a cancelled deployment left, before recording it',
    at: { statement: /update deployments set emptied_at/ },
    side: 'before',
    leaves: sql`exists (
      select 1 from deployments where project_id = it.project and status = 'cancelled' and emptied_at is null)`,
    recovers: 'it is examined again; deletions are idempotent',
  },
  {
    ...remains,
    id: 'CP43',
    dies: 'after recording which orphans the inventory found, before deleting any',
    at: { commitOf: /insert into audit_log/ },
    side: 'after',
    leaves: sweptInventory,
    recovers: 'the next inventory finds them again',
  },
  {
    ...remains,
    id: 'CP44',
    dies: 'after deleting the routing table of an orphan, before its files',
    at: { service: 'esa', action: 'DeleteKv' },
    side: 'after',
    leaves: sweptInventory,
    recovers: 'the next inventory finds the rest',
  },
];

/** Numbers without a crash here, and why. */
export const withoutCrash: Readonly<Record<string, string>> = {
  CP04: 'no crash of a function: Postgres unavailable, tests/crash/crashes.e2e.test.ts',
  CP14: 'no crash: reports out of order, functions/build-callback/record-report.database.test.ts',
  CP17: 'no crash of a function: uploads of a failed build, functions/cleanup/remove-leftovers.database.test.ts',
  CP18: 'the product does not deploy users’ functions',
  CP19: 'the product does not deploy users’ functions',
  CP32: 'the product has no custom domains',
  CP34: 'no crash: a lost response, functions/api/auth/sessions.database.test.ts',
  CP35: 'the product has no chat',
  CP37: 'no crash of a function: commits lost in a failover, functions/deploy/scrub-routes.database.test.ts',
  CP38: 'no crash: GitHub refuses the account, functions/build-callback/redeem-ticket.database.test.ts',
};
