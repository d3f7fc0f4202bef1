import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { repositories } from '@miaobu/shared/model/repositories';
import { eventually } from '../e2e/eventually.ts';
import { type GitSite, gitSite } from '../e2e/git-site.ts';
import type { Crash } from './armed-crash.ts';
import { brokenInvariants, type Expectation, leftOfProject } from './broken-invariants.ts';
import type { CrashPlatform } from './crash-platform.ts';
import type { CrashMode, CrashPoint } from './crash-points.ts';

/** What came of one crash. */
export interface CrashOutcome {
  /** After how many ticks everything was as it should be. */
  readonly ticks: number;
  /** Empty: converged. */
  readonly broken: readonly string[];
}

/** Convergence has to come within so many. */
export const TICKS = 3;
/**
 * One tick: this passes by the database's clock, then `deploy` is woken. It is longer than a lease, the longest backoff, the
 * silence of a runner and the turn of a branch.
 */
const TICK_SECONDS = 11 * 60;
/** What was deleted stays for an hour, because somebody may still see it. */
const DELETION_TICK_SECONDS = 65 * 60;
const DAY_SECONDS = 24 * 60 * 60;

let played = 0;

interface Site extends Expectation {
  readonly git: GitSite;
  push(text: string): Promise<{ commit: string; page: string }>;
}

async function newSite(platform: CrashPlatform): Promise<Site> {
  played += 1;
  const name = `crash-${played}`;
  const git = await gitSite(platform.gitUrl, `dev/${name}`);
  const push = async (text: string) => {
    const page = `<!doctype html><h1>${name}: ${text}</h1>`;
    const commit = await git.commit({
      'index.html': page,
      'a.css': `/* ${text} */`,
      'b.css': `/* ${text}, too */`,
      'c.txt': text,
    });
    await git.push();
    return { commit, page };
  };
  const first = await push('first');
  const { data } = await platform.api('createProject', { body: { repo: `dev/${name}` } });
  const projectId = readId('project', data.id);
  if (projectId === undefined) throw new Error(`${data.id} is no project`);
  await deployed(platform);
  return { ...first, projectId, slug: data.slug, url: data.url, git, push };
}

/** From queued to live, when nothing goes wrong. */
async function deployed(platform: CrashPlatform): Promise<void> {
  await platform.wake('deploy');
  await platform.buildsEnd();
  await platform.wake('deploy');
}

/** What leads to the point, cut short once the crash has struck. */
interface Lead {
  /** Does one thing, unless it is over; waits for its end or for the crash. */
  step(work: () => Promise<unknown>): Promise<void>;
  readonly struck: () => boolean;
  /** What had begun when the crash struck has ended. */
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

async function push(platform: CrashPlatform, site: Site, text: string, lead: Lead): Promise<Expectation> {
  const pushed = await site.push(text);
  await lead.step(() =>
    eventually(async () => {
      const rows = await platform.database.query(sql`
        select 1 from webhook_deliveries where project_id = ${site.projectId} and after_sha = ${pushed.commit}`);
      return rows.length > 0 || lead.struck() ? true : undefined;
    }, `the delivery of ${pushed.commit}`),
  );
  return { ...site, ...pushed };
}

/** Tells the story of a point until the crash strikes. Returns what everything has to come to. */
async function tell(platform: CrashPlatform, { story }: CrashPoint, site: Site, lead: Lead): Promise<Expectation> {
  const wake = () => lead.step(() => platform.wake('deploy'));
  const build = async () => {
    await wake();
    await lead.step(() => platform.buildsEnd());
  };
  switch (story) {
    case 'push':
    case 'three hostnames': {
      const expected = await push(platform, site, 'second', lead);
      await build();
      await wake();
      return expected;
    }
    case 'two pushes': {
      await push(platform, site, 'second', lead);
      await build();
      const expected = await push(platform, site, 'third', lead);
      await wake();
      return expected;
    }
    case 'deletion': {
      const expected = await push(platform, site, 'second', lead);
      await wake();
      await platform.api('deleteProject', { params: { project: site.slug } });
      await wake();
      return expected;
    }
    case 'cleanup':
      await lead.step(() => platform.wake('cleanup'));
      return site;
  }
}

/** What has to be there before the story begins. */
async function prepare(platform: CrashPlatform, { story }: CrashPoint, site: Site): Promise<Site> {
  if (story === 'three hostnames') {
    // More than one hostname an environment is what the tables are made for, and nothing asks for yet.
    await platform.database.query(sql`
      insert into routes (hostname, project_id, environment_id)
      select name || r.hostname, r.project_id, r.environment_id
        from routes r, unnest(array['two-', 'three-']) name where r.project_id = ${site.projectId}`);
  }
  if (story !== 'cleanup') return site;
  let newest: Site = site;
  for (const text of ['second', 'third', 'fourth', 'fifth']) {
    newest = { ...site, ...(await push(platform, site, text, leadTo(new Promise(() => {})))) };
    await deployed(platform);
  }
  await platform.letTimePass(2 * DAY_SECONDS);
  await platform.wake('deploy');
  return newest;
}

/** What was judged is not looked after any more: it would only cost the next ones time. */
async function setAside({ database }: CrashPlatform, { projectId, git }: Site): Promise<void> {
  await database.query(
    sql`update environments set synced_at = db_now() + interval '100 years' where project_id = ${projectId}`,
  );
  await database.query(sql`update projects set github_hook_id = null where id = ${projectId}`);
  await database.query(sql`delete from outbox where state <> 'done'`);
  git.remove();
}

/** Asks GitHub to send every delivery of a repository once more. */
async function sendAgain(platform: CrashPlatform, repository: string): Promise<void> {
  const hooks = (await platform.github('GET', `/repos/${repository}/hooks`)) as { id: number }[];
  for (const { id } of hooks) {
    const deliveries = `/repos/${repository}/hooks/${id}/deliveries`;
    for (const delivery of (await platform.github('GET', deliveries)) as { id: number }[]) {
      await platform.github('POST', `${deliveries}/${delivery.id}/attempts`);
    }
  }
}

/**
 * Drives a fresh project to a point, lets it crash there, and then only lets time pass and timers fire. A process that hangs is
 * woken after two ticks, when its leases are another's.
 */
export async function playCrash(platform: CrashPlatform, point: CrashPoint, mode: CrashMode): Promise<CrashOutcome> {
  const site = await prepare(platform, point, await newSite(platform));
  const hostnames = await repositories(platform.database).routes.listOfProject(site.projectId);
  const isDeletion = point.story === 'deletion';
  const tick = async () => {
    await platform.letTimePass(isDeletion ? DELETION_TICK_SECONDS : TICK_SECONDS);
    await platform.wake('deploy');
    if (point.by === 'cleanup') await platform.wake('cleanup');
  };

  const struck = platform.crashes.arm(point, mode);
  const lead = leadTo(struck);
  let expected = await tell(platform, point, site, lead);
  if (!lead.struck()) throw new Error(`${point.id} was never reached`);
  const crash = await struck;
  const broken: string[] = [];
  if (mode === 'kill') broken.push(...(await notAsLeft(platform, point, expected)));
  if (mode === 'hang') {
    await tick();
    if (point.overtaken) {
      expected = await push(platform, site, 'overtaking', leadTo(new Promise(() => {})));
      await platform.wake('deploy');
      await platform.buildsEnd();
    }
    await tick();
    crash.release();
  }
  await lead.ended();
  await platform.buildsEnd();

  const look = () => (isDeletion ? leftOfProject(platform, expected, hostnames) : brokenInvariants(platform, expected));
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

/** Whether a kill left what it should have left: otherwise it struck somewhere else. */
async function notAsLeft(platform: CrashPlatform, point: CrashPoint, expected: Expectation): Promise<string[]> {
  const [row] = await platform.database.query<{ holds: boolean }>(sql`
    select (${point.leaves}) as holds
      from (select ${expected.projectId}::uuid as project, ${expected.commit}::text as commit) it`);
  return row?.holds ? [] : ['the crash did not leave what it was to leave'];
}

/** I10: deliveries that come again, and another tick, change nothing. */
async function changedByReplay(
  platform: CrashPlatform,
  expected: Expectation,
  tick: () => Promise<void>,
): Promise<string[]> {
  const count = () =>
    platform.database.query<{ deployments: number; moves: number }>(sql`
      select count(distinct d.id) as deployments, count(*) as moves
        from deployments d join deployment_events e on e.deployment_id = d.id where d.project_id = ${expected.projectId}`);
  const before = await count();
  await sendAgain(platform, `dev/${expected.slug}`);
  await tick();
  const after = await count();
  const broken = (await brokenInvariants(platform, expected)).map((each) => `after a replay: ${each}`);
  if (before[0]?.deployments !== after[0]?.deployments || before[0]?.moves !== after[0]?.moves)
    broken.push('I10: a replay changed something');
  return broken;
}
