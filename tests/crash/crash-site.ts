import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { eventually } from '../e2e/eventually.ts';
import { type GitSite, gitSite } from '../e2e/git-site.ts';
import { brokenInvariants, type Expectation } from './broken-invariants.ts';
import type { CrashPlatform } from './crash-platform.ts';

/** A project of its own, with a working copy. Its current state is also what everything has to converge to. */
export interface CrashSite extends Expectation {
  readonly git: GitSite;
}

let made = 0;

async function pushPage(git: GitSite, text: string): Promise<Pick<Expectation, 'commit' | 'page'>> {
  const page = `<!doctype html><h1>${text}</h1>`;
  const commit = await git.commit({
    'index.html': page,
    'a.css': `/* ${text} */`,
    'b.css': `/* ${text}, too */`,
    'c.txt': text,
  });
  await git.push();
  return { commit, page };
}

/** Longer than the backoff after a first failure. */
const BACKOFF_SECONDS = 60;

/** Why nobody can push to it yet; empty when its page is live and GitHub has its hook. */
async function missing(platform: CrashPlatform, site: Expectation): Promise<string[]> {
  const hooks = await platform.github.hooks(site.slug);
  return [...(hooks.length === 1 ? [] : [`it has ${hooks.length} hooks`]), ...(await brokenInvariants(platform, site))];
}

/** Imports a new repository. Resolves when its first commit is live, and GitHub has its hook. */
export async function newSite(platform: CrashPlatform): Promise<CrashSite> {
  made += 1;
  const name = `crash-${made}`;
  const git = await gitSite(platform.gitUrl, `dev/${name}`);
  const first = await pushPage(git, `${name}, first`);
  const { data } = await platform.api('createProject', { body: { repo: `dev/${name}` } });
  const projectId = readId('project', data.id);
  if (projectId === undefined) throw new Error(`${data.id} is no project`);
  const site = { ...first, projectId, slug: data.slug, url: data.url, git };
  await deploy(platform);
  // A call may have failed, or an instance that a timer woke before the timers were removed still handles a message.
  await eventually(async () => {
    const open = await missing(platform, site);
    if (open.length === 0) return true;
    await platform.letTimePass(BACKOFF_SECONDS);
    await deploy(platform);
    throw new Error(open.join('; '));
  }, `${name} is live`);
  return site;
}

/** From queued to live, when nothing goes wrong. */
export async function deploy(platform: CrashPlatform): Promise<void> {
  await platform.wake('deploy');
  await platform.buildsEnd();
  await platform.wake('deploy');
}

/** Pushes another page. Resolves when GitHub's delivery is over, whatever the answer, or when `over` says so. */
export async function push(
  platform: CrashPlatform,
  site: CrashSite,
  text: string,
  over: () => boolean = () => false,
): Promise<CrashSite> {
  const pushes = async () =>
    (await platform.github.deliveries(site.slug)).filter(({ event }) => event === 'push').length;
  const known = await pushes();
  const pushed = await pushPage(site.git, `${site.slug}, ${text}`);
  await eventually(
    async () => ((await pushes()) > known || over() ? true : undefined),
    `the delivery of ${pushed.commit}`,
  );
  return { ...site, ...pushed };
}

/** A project that has been checked is no longer maintained: that would only slow down the next ones. */
export async function setAside({ database }: CrashPlatform, { projectId, git }: CrashSite): Promise<void> {
  await database.query(sql`
    update environments set synced_at = db_now() + interval '100 years' where project_id = ${projectId}`);
  await database.query(sql`update projects set github_hook_id = null where id = ${projectId}`);
  await database.query(sql`delete from outbox where state <> 'done'`);
  git.remove();
}
