import { readFileSync } from 'node:fs';
import { kvKey, parseRoute, ROUTE_NAMESPACE, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import {
  blobKey,
  blobsOf,
  MANIFEST_LIMITS,
  parseManifest,
  verifiedManifestKey,
} from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { lifecycle } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { repositories } from '@miaobu/shared/model/repositories';
import { wantedRoute } from '@miaobu/shared/model/route/wanted-route';
import { visit } from '../e2e/visit.ts';
import type { CrashPlatform } from './crash-platform.ts';

/** A project and the state it has to converge to. */
export interface Expectation {
  readonly projectId: string;
  readonly slug: string;
  readonly url: string;
  /** What is to be shown, and what its page says: the branch's head, unless `head` is another. */
  readonly commit: string;
  readonly page: string;
  /** The branch's head, when somebody has gone back from it to `commit`. */
  readonly head?: string;
}

/** Invariants that do not hold for a project or for the outbox; empty when it has converged. */
export async function brokenInvariants(platform: CrashPlatform, expected: Expectation): Promise<string[]> {
  const found = await Promise.all([
    headIsDeployed(platform, expected),
    nothingIsLeft(platform),
    historyIsWhole(platform, expected),
    attemptsAreFenced(platform, expected),
    edgeSaysWhatIsWanted(platform, expected),
    inboxIsComplete(platform, expected),
  ]);
  return [...found.flat(), ...secretsInLogs(platform)];
}

/**
 * I1, I3: the newest deployment is of the branch's head, and what is to be shown is current; each was switched to once,
 * or once by hand.
 */
async function headIsDeployed({ database }: CrashPlatform, expected: Expectation): Promise<string[]> {
  const { projectId, commit, head = commit } = expected;
  const [row] = await database.query<{
    status: string;
    sha: string;
    current: string | null;
    switches: number;
    activated: number;
  }>(sql`
    select d.status, d.commit_sha as sha, e.generation as switches,
           (select commit_sha from deployments where id = e.current_deployment_id) as current,
           (select count(*) from deployments where environment_id = e.id and activated_at is not null) as activated
      from environments e join lateral (
        select * from deployments where environment_id = e.id order by seq desc limit 1) d on true
     where e.project_id = ${projectId}`);
  if (!row) return ['I1: the project is gone'];
  const broken: string[] = [];
  if (row.sha !== head) broken.push(`I1: the newest deployment is of ${row.sha}, the head is ${head}`);
  if (row.status !== 'deployed') broken.push(`I1: the newest deployment is ${row.status}`);
  if (row.current !== commit) broken.push(`I1: live is ${row.current}, not ${commit}`);
  if (row.switches !== row.activated + (head === commit ? 0 : 1))
    broken.push(`I3: ${row.activated} deployments went live, in ${row.switches} switches`);
  return broken;
}

/** I1: every push that was answered 2xx is in the inbox. */
async function inboxIsComplete({ database, github }: CrashPlatform, expected: Expectation): Promise<string[]> {
  const rows = await database.query<{ guid: string }>(sql`
    select delivery_guid as guid from webhook_deliveries where project_id = ${expected.projectId}`);
  const known = new Set(rows.map(({ guid }) => guid));
  const answered = (await github.deliveries(expected.slug)).filter(
    ({ event, statusCode }) => event === 'push' && statusCode >= 200 && statusCode <= 299,
  );
  const lost = answered.filter(({ guid }) => !known.has(guid));
  return lost.map(({ guid }) => `I1: the delivery ${guid} was answered 2xx and is not recorded`);
}

/**
 * I6, I7: no lease without a worker, nothing due, nothing given up, no deployment under way, whatever the project. An alert may be due: it is
 * raised at the end of a wake-up, here by the minutes that a tick skips, and sent by the next one.
 */
async function nothingIsLeft({ database }: CrashPlatform): Promise<string[]> {
  const messages = await database.query<{ topic: string; state: string; lastError: string | null }>(sql`
    select topic, state, last_error from outbox
     where state in ('leased', 'dead') or (state = 'pending' and run_at <= db_now() and topic <> 'alert.send')`);
  const deployments = await database.query<{ status: string; late: boolean }>(sql`
    select status, deadline_at < db_now() as late from deployments
     where status not in ('deployed', 'failed', 'cancelled', 'purged')`);
  return [
    ...messages.map(({ topic, state, lastError }) => `I6: ${topic} is ${state} (${lastError ?? 'no error'})`),
    ...deployments.map(({ status, late }) => `I7: a deployment is ${status}${late ? ', past its deadline' : ''}`),
  ];
}

/** I9: the history of every deployment is a chain of moves that the lifecycle has, and it went live at most once. */
async function historyIsWhole({ database }: CrashPlatform, { projectId }: Expectation): Promise<string[]> {
  const events = await database.query<{ id: string; status: string; fromStatus: string | null; toStatus: string }>(sql`
    select d.id, d.status, e.from_status, e.to_status
      from deployments d join deployment_events e on e.deployment_id = d.id
     where d.project_id = ${projectId} order by d.id, e.id`);
  const broken: string[] = [];
  const at = new Map<string, string>();
  for (const { id, fromStatus, toStatus } of events) {
    const moves: Readonly<Record<string, unknown>> =
      fromStatus === null ? { queued: [] } : lifecycle[fromStatus as keyof typeof lifecycle];
    const before = at.get(id) ?? null;
    if (fromStatus !== before || !Object.hasOwn(moves, toStatus)) {
      broken.push(`I9: ${id} was ${before} and went ${fromStatus} → ${toStatus}`);
    }
    at.set(id, toStatus);
  }
  for (const { id, status } of events) {
    if (at.get(id) !== status) broken.push(`I9: ${id} is ${status}, its history ends with ${at.get(id)}`);
  }
  return broken;
}

/** One run was redeemed an attempt (its row says so), one attempt finished, all before it are closed. */
async function attemptsAreFenced({ database }: CrashPlatform, { projectId }: Expectation): Promise<string[]> {
  const rows = await database.query<{ id: string; attempts: string; reports: number }>(sql`
    select d.id, string_agg(a.state || case when a.redeemer is null then '' else ' redeemed' end, ', ' order by a.attempt) as attempts,
           (select count(*) from build_reports r where r.deployment_id = d.id and r.kind = 'uploaded'
               and r.answer->>'ignored' = 'false') as reports
      from deployments d join build_attempts a on a.deployment_id = d.id
     where d.project_id = ${projectId} and d.status in ('deployed', 'purged') group by d.id`);
  return rows.flatMap(({ id, attempts, reports }) => [
    ...(/^(abandoned( redeemed)?, )*finished redeemed$/.test(attempts)
      ? []
      : [`the attempts of ${id} are ${attempts}`]),
    ...(reports <= 1 ? [] : [`${id} took ${reports} last reports`]),
  ]);
}

/** I4, I5, I8: Edge KV says what the database wants; what it names is there, whole; a visitor sees it. */
async function edgeSaysWhatIsWanted(platform: CrashPlatform, expected: Expectation): Promise<string[]> {
  const { database, edgeStore, objectStore } = platform;
  const store = repositories(database);
  const broken: string[] = [];
  for (const hostname of await store.routes.listOfProject(expected.projectId)) {
    const wanted = await wantedRoute(store, hostname);
    const value = await edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname));
    if (value !== wanted?.shown?.value) broken.push(`I4: ${hostname} shows ${value}, wanted ${wanted?.shown?.value}`);
    if (wanted && wanted.route.publishedDeploymentId !== (wanted.shown?.deployment.id ?? null)) {
      broken.push(`I4: ${hostname} is said to show ${wanted.route.publishedDeploymentId}`);
    }
    const named = value === undefined ? undefined : parseRoute(value)?.deployment_id;
    if (named === undefined) continue;
    const deployment = await store.deployments.find(readId('deployment', named) ?? '');
    const bytes = await objectStore.read(verifiedManifestKey(expected.slug, named), MANIFEST_LIMITS.manifestBytes);
    if (!deployment || !bytes) {
      broken.push(`I5: ${hostname} names ${named}, which has no manifest`);
      continue;
    }
    for (let shard = 0; shard < (deployment.shards ?? 1); shard++) {
      const table = await edgeStore.get(TABLE_NAMESPACE, shardKey(named, shard));
      if (table === undefined) broken.push(`I5: table ${shard} of ${named} is missing`);
    }
    for (const { sha256 } of blobsOf(parseManifest(JSON.parse(bytes.toString())))) {
      if (!(await objectStore.head(blobKey(expected.slug, sha256)))) broken.push(`I5: ${named} misses ${sha256}`);
    }
  }
  const { status, body } = await visit(expected.url);
  if (status !== 200 || body !== expected.page) broken.push(`I4: a visitor sees ${status} ${body.slice(0, 60)}`);
  return broken;
}

/** I11. */
function secretsInLogs({ logFile, secrets }: CrashPlatform): string[] {
  const log = readFileSync(logFile, 'utf8');
  return secrets.some((secret) => log.includes(secret)) ? ['I11: a secret is in the logs'] : [];
}

/** What has to be gone once a project is deleted: its rows, and everything outside that belonged to it. */
export async function leftOfProject(
  platform: CrashPlatform,
  expected: Expectation,
  hostnames: readonly string[],
): Promise<string[]> {
  const { database, edgeStore, objectStore } = platform;
  const rows = await database.query(sql`select 1 from projects where id = ${expected.projectId}`);
  const { objects } = await objectStore.list(`projects/${expected.slug}/`);
  const values = await Promise.all(hostnames.map((hostname) => edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname))));
  const hooks = await platform.github.hooks(expected.slug);
  return [
    ...(rows.length > 0 ? ['the project is still there'] : []),
    ...(objects.length > 0 ? [`${objects.length} objects are left`] : []),
    ...(values.some((value) => value !== undefined) ? ['I4: the edge still shows it'] : []),
    ...(hooks.length > 0 ? ['its hook is left'] : []),
    ...(await nothingIsLeft(platform)),
  ];
}
