import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@miaobu/shared/contracts/client';
import type { Project } from '@miaobu/shared/contracts/projects';
import { gitSite } from '../../tests/e2e/git-site.ts';
import type { Platform } from '../../tests/e2e/start-platform.ts';
import { visit } from '../../tests/e2e/visit.ts';

export type SiteFiles = Readonly<Record<string, string>>;

/** How often visitors poll: rarely enough to hardly affect what is measured. */
const LOOK_EVERY_MS = 10;

/** When something began and when a visitor saw it; milliseconds since 1970, by the same machine's clock as Postgres. */
export interface Seen {
  readonly sha: string;
  readonly pushedAt: number;
  readonly seenAt: number;
}

export interface MeasuredSite {
  readonly project: Project;
  /** Commits, pushes with real git, and waits until a visitor of `page` gets exactly what was pushed. */
  push(files: SiteFiles, page: string, patienceMs?: number): Promise<Seen>;
  remove(): void;
}

async function untilSeen(url: string, content: string, patienceMs: number): Promise<number> {
  let last = 'nothing';
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(LOOK_EVERY_MS)) {
    const { status, body } = await visit(url);
    const at = Date.now();
    if (status === 200 && body === content) return at;
    last = `${status} ${body.slice(0, 200)}`;
  }
  throw new Error(`${url} does not show the new content after ${patienceMs / 1000} s, but ${last}`);
}

/** A repository with a first commit that was pushed, imported and is live. `seen` counts from the push's start. */
export async function importSite(
  platform: Platform,
  name: string,
  files: SiteFiles,
  patienceMs = 60_000,
): Promise<{ site: MeasuredSite; first: Seen }> {
  const work = await gitSite(platform.gitUrl, `dev/${name}`);
  const api = createClient({ origin: platform.apiUrl, token: platform.token });
  let lastSecond = 0;
  const pushCommit = async (changed: SiteFiles): Promise<Omit<Seen, 'seenAt'>> => {
    const sha = await work.commit(changed);
    // GitHub's push times have a resolution of one second. A second push within it takes another path: the branch's head is queried.
    await delay(Math.max(0, (lastSecond + 1) * 1000 - Date.now()));
    const pushedAt = Date.now();
    await work.push();
    lastSecond = Math.floor(Date.now() / 1000);
    return { sha, pushedAt };
  };
  try {
    const begun = await pushCommit(files);
    const { data: project } = await api('createProject', { body: { repo: `dev/${name}` } });
    const seenAt = await untilSeen(project.url, files['index.html'] ?? '', patienceMs);
    return {
      first: { ...begun, seenAt },
      site: {
        project,
        async push(changed, page, patience = 60_000) {
          const pushed = await pushCommit(changed);
          return { ...pushed, seenAt: await untilSeen(project.url + page, changed[page] ?? '', patience) };
        },
        remove: () => work.remove(),
      },
    };
  } catch (error) {
    work.remove();
    throw error;
  }
}
