import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { SETTLED_SECONDS } from '@miaobu/shared/model/key/key-messages';
import { repositories } from '@miaobu/shared/model/repositories';
import type { Crash } from './armed-crash.ts';
import { brokenInvariants, leftOfProject } from './broken-invariants.ts';
import type { CrashPlatform } from './crash-platform.ts';
import type { CrashMode, CrashPoint } from './crash-points.ts';
import { type CrashSite, deploy, newSite, push, setAside } from './crash-site.ts';
import { leaveBehind, orphansOf } from './left-outside.ts';

/** The outcome of one crash. */
export interface CrashOutcome {
  /** After how many ticks everything had converged. */
  readonly ticks: number;
  /** Empty: converged. */
  readonly broken: readonly string[];
}

/** Convergence has to take at most this many. */
export const TICKS = 3;
/**
 * One tick: the database's clock advances by this, then `deploy` is woken. It is longer than a lease, the longest backoff, the
 * silence of a runner and the turn of a branch.
 */
export const TICK_SECONDS = 11 * 60;
/** What was deleted stays for an hour, because somebody may still see it. */
const DELETION_TICK_SECONDS = 65 * 60;
const DAY_SECONDS = 24 * 60 * 60;

/** What leads to the point, cut short once the crash has struck. */
interface Lead {
  /** Does one thing, unless the story is over; waits until it ends or the crash strikes. */
  step(work: () => Promise<unknown>): Promise<void>;
  readonly struck: () => boolean;
  /** Resolves when what was running at the crash has ended. */
  ended(): Promise<unknown>;
}

function leadTo(crash: Promise<Crash>): Lead {
  let struck = false;
  const begun: Promise<unknown>[] = [];
  const strikes = crash.then(() => {
    struck = true;
  });
  return {
    struck: () => struck,
    async step(work) {
      if (struck) return;
      const done = work();
      begun.push(done.catch(() => {}));
      await Promise.race([done, strikes]);
    },
    ended: () => Promise.all(begun),
  };
}

/** Plays the story of a point until the crash strikes. Returns the state everything has to converge to. */
async function tell(
  platform: CrashPlatform,
  { story }: CrashPoint,
  { first, site }: Prepared,
  lead: Lead,
): Promise<CrashSite> {
  const wake = () => lead.step(() => platform.wake('deploy'));
  const build = async () => {
    await wake();
    await lead.step(() => platform.buildsEnd());
  };
  switch (story) {
    case 'push':
    case 'three hostnames': {
      const expected = await push(platform, site, 'second', lead.struck);
      await build();
      await wake();
      return expected;
    }
    case 'two pushes': {
      await push(platform, site, 'second', lead.struck);
      await build();
      const expected = await push(platform, site, 'third', lead.struck);
      await wake();
      return expected;
    }
    case 'deletion': {
      const expected = await push(platform, site, 'second', lead.struck);
      await wake();
      await platform.api('deleteProject', { params: { project: site.slug } });
      await wake();
      return expected;
    }
    case 'cleanup':
    case 'remains':
      await lead.step(() => platform.wake('cleanup'));
      return site;
    case 'rollback':
      await lead.step(() => rollBack(platform, first));
      await platform.wake('cleanup');
      return { ...first, head: site.commit };
    case 'rotation':
      await platform.api('rotateKeys', { body: { what: 'data_keys', project: showId('project', site.projectId) } });
      await platform.letTimePass(SETTLED_SECONDS + 1);
      await wake();
      // To take a push and to build it, secrets have to be read.
      return push(platform, site, 'second');
  }
}

/** Goes back to the deployment of a commit. A process that is struck gives no answer. */
async function rollBack(platform: CrashPlatform, site: CrashSite): Promise<void> {
  const { api } = platform;
  const params = { project: site.slug, environment: 'production' };
  const { etag = '' } = await api('getEnvironment', { params });
  const body = { deployment: await deploymentOf(platform, site) };
  await api('rollbackEnvironment', { params, headers: { 'if-match': etag }, body }).catch(() => undefined);
}

interface Prepared {
  /** What was live first of all. */
  readonly first: CrashSite;
  /** What is live when the story begins. */
  readonly site: CrashSite;
}

/** What has to be there before the story begins. */
async function prepare(platform: CrashPlatform, { story }: CrashPoint, site: CrashSite): Promise<CrashSite> {
  if (story === 'three hostnames') {
    // The tables allow more than one hostname per environment, but nothing creates a second one yet.
    await platform.database.query(sql`
      insert into routes (hostname, project_id, environment_id)
      select name || r.hostname, r.project_id, r.environment_id
        from routes r, unnest(array['two-', 'three-']) name where r.project_id = ${site.projectId}`);
  }
  if (story === 'remains') return prepareRemains(platform, site);
  if (story !== 'cleanup' && story !== 'rollback') return site;
  let newest: CrashSite = site;
  for (const text of ['second', 'third', 'fourth', 'fifth']) {
    newest = await push(platform, site, text);
    await deploy(platform);
  }
  await platform.letTimePass(2 * DAY_SECONDS);
  await platform.wake('deploy');
  return newest;
}

/** A deployment that was cancelled hours ago and has a late upload, and an orphan; nothing else is left to clean up. */
async function prepareRemains(platform: CrashPlatform, site: CrashSite): Promise<CrashSite> {
  const { commit } = await push(platform, site, 'cancelled');
  const deployment = await deploymentOf(platform, { ...site, commit });
  await platform.api('cancelDeployment', { params: { project: site.slug, deployment }, body: {} });
  const newest = await push(platform, site, 'second');
  await deploy(platform);
  await platform.wake('cleanup');
  await leaveBehind(platform, site.slug, deployment);
  await platform.letTimePass(DAY_SECONDS / 4);
  await platform.wake('deploy');
  return newest;
}

/** The public id of the deployment of a commit. */
async function deploymentOf({ database }: CrashPlatform, { projectId, commit }: CrashSite): Promise<string> {
  const [found] = await database.query<{ id: string }>(sql`
    select id from deployments where project_id = ${projectId} and commit_sha = ${commit}`);
  return showId('deployment', found?.id ?? '');
}

/**
 * Drives a fresh project to a point, crashes it there, and then only lets time pass and timers fire. A hanging process is
 * resumed after two ticks, when another worker has its leases.
 */
export async function playCrash(platform: CrashPlatform, point: CrashPoint, mode: CrashMode): Promise<CrashOutcome> {
  const first = await newSite(platform);
  const site = await prepare(platform, point, first);
  const hostnames = await repositories(platform.database).routes.listOfProject(site.projectId);
  const isDeletion = point.story === 'deletion';
  let cleanupHangs = false;
  const tick = async () => {
    await platform.letTimePass(isDeletion ? DELETION_TICK_SECONDS : TICK_SECONDS);
    await platform.wake('deploy');
    if (point.by === 'cleanup' && !cleanupHangs) await platform.wake('cleanup');
  };

  const struck = platform.crashes.arm(point, mode);
  const lead = leadTo(struck);
  let expected = await tell(platform, point, { first, site }, lead);
  if (!lead.struck()) throw new Error(`${point.id} was never reached`);
  const crash = await struck;
  const broken: string[] = [];
  if (mode === 'kill') broken.push(...(await notAsLeft(platform, point, expected)));
  if (mode === 'hang') {
    // It has at most one instance: while it hangs, nothing else cleans up.
    cleanupHangs = point.by === 'cleanup';
    await tick();
    if (point.overtaken) {
      expected = await push(platform, site, 'overtaking');
      await platform.wake('deploy');
      await platform.buildsEnd();
    }
    await tick();
    crash.release();
    cleanupHangs = false;
  }
  await lead.ended();
  await platform.buildsEnd();

  const look = async () => {
    if (isDeletion) return leftOfProject(platform, expected, hostnames);
    const orphans = point.by === 'cleanup' ? await orphansOf(platform, expected) : [];
    return [...(await brokenInvariants(platform, expected)), ...orphans];
  };
  let ticks = 0;
  let open = await look();
  for (; open.length > 0 && ticks < TICKS; ticks++) {
    await tick();
    await platform.buildsEnd();
    open = await look();
  }
  broken.push(...open);
  if (broken.length === 0 && !isDeletion) broken.push(...(await changedByReplay(platform, expected, tick)));
  await setAside(platform, site);
  return { ticks, broken };
}

/** Whether a kill left the expected state: otherwise it struck somewhere else. */
async function notAsLeft(platform: CrashPlatform, point: CrashPoint, expected: CrashSite): Promise<string[]> {
  const [row] = await platform.database.query<{ holds: boolean }>(sql`
    select (${point.leaves}) as holds
      from (select ${expected.projectId}::uuid as project, ${expected.commit}::text as commit) it`);
  return row?.holds ? [] : ['the crash did not leave what it was to leave'];
}

/** I10: deliveries that come again, and another tick, change nothing. */
async function changedByReplay(
  platform: CrashPlatform,
  expected: CrashSite,
  tick: () => Promise<void>,
): Promise<string[]> {
  const count = () =>
    platform.database.query<{ deployments: number; moves: number }>(sql`
      select count(distinct d.id) as deployments, count(*) as moves
        from deployments d join deployment_events e on e.deployment_id = d.id where d.project_id = ${expected.projectId}`);
  const before = await count();
  await platform.github.sendAgain(expected.slug);
  await tick();
  const after = await count();
  const broken = (await brokenInvariants(platform, expected)).map((each) => `after a replay: ${each}`);
  if (before[0]?.deployments !== after[0]?.deployments || before[0]?.moves !== after[0]?.moves)
    broken.push('I10: a replay changed something');
  return broken;
}
