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
  readonly story: 'push' | 'two pushes' | 'three hostnames' | 'deletion' | 'cleanup' | 'rollback' | 'rotation';
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
/** The doorbell has rung, so another instance may be working on it already. */
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
const purging = sql`exists (select 1 from deployments where project_id = it.project and status = 'purging')`;

const intake = { by: 'webhook', story: 'push' } as const;
const deploy = { by: 'deploy', story: 'push' } as const;
const callback = { by: 'build-callback', story: 'push' } as const;
const builder = { by: 'builder', story: 'push' } as const;
const doorbell = { service: 'fc', action: 'InvokeFunction' } as const;
const putRoute = { service: 'esa', action: 'PutKv', url: /Namespace=miaobu(&|$)/ } as const;

/** The product's crash points, by number. */
export const crashPoints: readonly CrashPoint[] = [
  {
    ...intake,
    id: 'CP01',
    dies: 'before the intake commits',
    at: { commitOf: /insert into webhook_deliveries/ },
    side: 'before',
    leaves: nothing,
    recovers: 'the failed delivery is asked for again, or the branch for its head',
  },
  {
    ...intake,
    id: 'CP02',
    dies: 'after the commit, before the doorbell',
    at: doorbell,
    side: 'before',
    leaves: queuedWithMessage,
    recovers: 'the timer drains the outbox',
  },
  {
    ...intake,
    id: 'CP03',
    dies: 'after the commit and the doorbell, before the 202',
    at: doorbell,
    side: 'after',
    leaves: taken,
    recovers: 'a delivery that comes again changes nothing',
  },
  {
    ...intake,
    id: 'CP05',
    dies: 'when the commit succeeded and nobody heard',
    at: { commitOf: /insert into webhook_deliveries/ },
    side: 'after',
    leaves: queuedWithMessage,
    recovers: 'a delivery that comes again changes nothing',
  },
  {
    ...deploy,
    id: 'CP06',
    dies: 'with a message claimed, before the attempt is recorded',
    at: { statement: /outbox_claim/ },
    side: 'after',
    leaves: sql`${deploymentIs('queued')} and ${leased('build.start')} and not ${attemptIs(sql`true`)}`,
    recovers: 'the lease runs out',
  },
  {
    ...deploy,
    id: 'CP07',
    dies: 'with the attempt recorded, before GitHub is called',
    at: { commitOf: /insert into build_attempts/ },
    side: 'after',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.state = 'dispatching'`)}`,
    recovers: 'the same attempt is dispatched again',
  },
  {
    ...deploy,
    id: 'CP08',
    dies: 'when GitHub has accepted the run and the answer is lost',
    at: { service: 'github', method: 'POST', url: /\/dispatches$/ },
    side: 'after',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.run_id is null`)}`,
    recovers: 'the run is found by its name; of two, the first redeems',
  },
  {
    ...deploy,
    id: 'CP09',
    dies: 'with the run started, before the message is finished',
    at: { commitOf: /update build_attempts\s+set run_id/ },
    side: 'before',
    leaves: sql`${leased('build.start')} and ${attemptIs(sql`a.run_id is null`)}`,
    recovers: 'the run is found by its name; of two, the first redeems',
  },
  {
    ...callback,
    id: 'CP10',
    dies: 'the run, before it has redeemed its ticket',
    at: { commitOf: /set state = 'running', redeemer/ },
    side: 'before',
    victim: 'builder',
    leaves: sql`${deploymentIs('queued')} and ${attemptIs(sql`a.redeemer is null`)}`,
    recovers: 'the deadline of the queue: another attempt',
    modes: ['kill', 'hang'],
  },
  {
    ...callback,
    id: 'CP11',
    dies: 'with the ticket redeemed, before the answer',
    at: { commitOf: /set state = 'running', redeemer/ },
    side: 'after',
    leaves: attemptIs(sql`a.redeemer is not null`),
    recovers: 'the same run redeems again',
  },
  {
    ...callback,
    id: 'CP12',
    dies: 'the runner, in the middle of the build',
    at: { commitOf: /insert into build_reports/ },
    side: 'after',
    victim: 'builder',
    leaves: deploymentIs('building'),
    recovers: 'its silence: another attempt, and the old one is fenced',
    modes: ['kill', 'hang'],
  },
  {
    ...callback,
    id: 'CP13',
    dies: 'with the last report recorded, before the answer',
    at: { commitOf: /insert into outbox[\s\S]*insert into build_reports/ },
    side: 'after',
    leaves: deploymentIs('deploying'),
    recovers: 'the report comes again and changes nothing',
  },
  {
    ...builder,
    id: 'CP15',
    dies: 'the runner, with a part of the files uploaded',
    at: { service: 'oss', method: 'PUT', url: /\/blobs\// },
    side: 'after',
    skip: 1,
    leaves: deploymentIs('uploading'),
    recovers: 'another attempt: without a manifest nothing is activated',
  },
  {
    ...builder,
    id: 'CP16',
    dies: 'the runner, with everything uploaded, before its last report',
    at: { service: 'oss', method: 'PUT', url: /\/manifest-1\.json/ },
    side: 'after',
    leaves: deploymentIs('uploading'),
    recovers: 'the manifest is complete, so the deployment is adopted without another build',
  },
  {
    ...deploy,
    id: 'CP20',
    dies: 'with the environment switched, before anything is published',
    at: { commitOf: /set current_deployment_id/ },
    side: 'after',
    leaves: sql`${current} and not ${published}`,
    recovers: 'the timer drains the outbox',
  },
  {
    ...deploy,
    id: 'CP21',
    dies: 'as it switches, with a newer deployment on its heels',
    at: { commitOf: /set current_deployment_id/ },
    side: 'before',
    story: 'two pushes',
    leaves: sql`not ${current}`,
    recovers: 'the higher seq wins, whatever the order',
  },
  {
    ...deploy,
    id: 'CP22',
    dies: 'with the exposure recorded, before Edge KV is written',
    at: { commitOf: /insert into route_exposures/ },
    side: 'after',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'the lease runs out; until then the deployment is protected',
  },
  {
    ...deploy,
    id: 'CP23',
    dies: 'with Edge KV written, before the database says so',
    at: putRoute,
    side: 'after',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'the next writes the same value',
  },
  {
    ...deploy,
    id: 'CP24',
    dies: 'as Edge KV is written: the write lands late, or never',
    at: putRoute,
    side: 'before',
    leaves: sql`${exposed} and not ${published}`,
    recovers: 'written again and read back',
  },
  {
    ...deploy,
    id: 'CP25',
    dies: 'nobody: it is frozen before it writes Edge KV, and wakes after a newer publication',
    at: putRoute,
    side: 'before',
    overtaken: true,
    leaves: exposed,
    recovers: 'the scrub compares Edge KV with the database; the older release still exists',
    modes: ['hang'],
  },
  {
    ...deploy,
    id: 'CP26',
    dies: 'with one of three hostnames written',
    at: putRoute,
    side: 'after',
    story: 'three hostnames',
    leaves: deploymentIs('deploying'),
    recovers: 'every hostname has a message of its own',
  },
  {
    ...deploy,
    id: 'CP27',
    dies: 'as the cache is purged',
    at: { service: 'esa', action: 'PurgeCaches' },
    side: 'before',
    leaves: published,
    recovers: 'tried again, and droppable: contents are addressed by hash',
  },
  {
    id: 'CP28',
    by: 'cleanup',
    story: 'cleanup',
    dies: 'with a deployment marked for deletion',
    at: { commitOf: /insert into outbox/ },
    side: 'after',
    leaves: purging,
    recovers: 'its message is worked by the next round',
  },
  {
    id: 'CP29',
    by: 'cleanup',
    story: 'cleanup',
    dies: 'with a half of a deployment deleted',
    at: { service: 'esa', action: 'DeleteKv' },
    side: 'after',
    leaves: sql`${purging} and ${leased('deployment.purge')}`,
    recovers: 'the lease runs out; every deletion may be repeated',
  },
  {
    id: 'CP30',
    by: 'api',
    story: 'rollback',
    dies: 'with a rollback decided and not answered, to what cleanup is about to take',
    at: { commitOf: /set current_deployment_id/ },
    side: 'after',
    leaves: sql`${current} and not ${published} and not ${purging}`,
    recovers: 'both take the lock of the environment: what is current is protected; the timer drains the outbox',
  },
  {
    ...deploy,
    id: 'CP31',
    dies: 'as a project is taken down in the middle of a build',
    at: { service: 'esa', action: 'DeleteKv' },
    side: 'after',
    story: 'deletion',
    leaves: sql`exists (select 1 from projects where id = it.project and deleting_at is not null)`,
    recovers: 'every round does from the beginning what is not done',
  },
  {
    ...deploy,
    id: 'CP33',
    story: 'rotation',
    dies: 'with some of a project’s secrets sealed with its new key',
    at: { commitOf: /update projects set webhook_secret_sealed = changes/ },
    side: 'after',
    leaves: halfResealed,
    recovers: 'every value says which key it is under, and a key stays until nothing is; the walk goes on',
  },
  {
    ...deploy,
    id: 'CP36',
    dies: 'as it gives back what vanished workers held',
    at: { statement: /outbox_reap/ },
    side: 'before',
    leaves: taken,
    recovers: 'the next tick; two at once do no harm',
  },
];

/** Numbers without a crash here, and why. */
export const withoutCrash: Readonly<Record<string, string>> = {
  CP04: 'no crash of a function: Postgres away, tests/crash/crashes.e2e.test.ts',
  CP14: 'no crash: reports out of order, functions/build-callback/record-report.database.test.ts',
  CP17: 'no crash of a function: what a build uploads in vain, functions/cleanup/remove-leftovers.database.test.ts',
  CP18: 'the product deploys no functions of users',
  CP19: 'the product deploys no functions of users',
  CP32: 'the product has no domains of users',
  CP34: 'no crash: an answer that is lost, functions/api/auth/sessions.database.test.ts',
  CP35: 'the product has no chat',
  CP37: 'no crash of a function: commits that a failover lost, functions/deploy/scrub-routes.database.test.ts',
  CP38: 'no crash: GitHub refuses the account, functions/build-callback/redeem-ticket.database.test.ts',
};
