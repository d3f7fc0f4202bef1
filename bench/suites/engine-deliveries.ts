import { randomBytes, randomUUID } from 'node:crypto';
import { openDatabase } from '@miaobu/shared/db/database';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { repositories } from '@miaobu/shared/model/repositories';
import { type ImportedProject, importProject } from '../../tests/database/import-project.ts';
import { pushEvent, signatureOf } from '../../tests/database/webhook-under-test.ts';

/** A request that GitHub would make, ready to be sent. */
export interface Delivery {
  readonly guid: string;
  readonly sha: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Some of the addresses in what GitHub says about a repository; together they are most of a delivery. */
const ADDRESSES =
  'archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks ' +
  'git_commits git_refs git_tags git hooks html issue_comment issue_events issues keys labels languages merges milestones mirror ' +
  'notifications pulls releases ssh stargazers statuses subscribers subscription svn tags teams trees clone homepage';

const about = (repository: string) =>
  Object.fromEntries(
    ADDRESSES.split(' ').map((name) => [
      `${name}_url`,
      `https://api.github.example/repos/${repository}/${name}{/owner}{/repository}{/sha}{/number}{/path}{?since,all,page}`,
    ]),
  );

/** The pushes to one project's production branch, one after the other. */
export interface PushSource {
  readonly site: ImportedProject;
  /** The next push, which goes on from the last one and is a second younger. Signed with `secret`, by default the right one. */
  next(secret?: string): Delivery;
}

function pushSource(site: ImportedProject): PushSource {
  let head = randomBytes(20).toString('hex');
  let pushedAt = 1_700_000_000;
  const repository = about(site.project.repository);
  return {
    site,
    next(secret = site.webhookSecret) {
      const before = head;
      head = randomBytes(20).toString('hex');
      pushedAt += 1;
      const event = pushEvent({ before, after: head, pushedAt });
      const commit = { id: head, added: ['a.md'], removed: [], modified: ['src/pages/index.astro', 'README.md'] };
      const body = Buffer.from(JSON.stringify({ ...event, commits: [commit], about: repository }));
      const guid = randomUUID();
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/bench',
        'x-github-event': 'push',
        'x-github-delivery': guid,
        'x-hub-signature-256': signatureOf(secret, body),
      };
      return { guid, sha: head, path: `/webhooks/github/${site.hook}`, headers, body };
    },
  };
}

/** So many projects of one user, each with a production environment. */
export async function importProjects(databaseUrl: string, rootKey: string, count: number): Promise<PushSource[]> {
  const db = openDatabase({ url: databaseUrl, poolSize: 1 });
  try {
    const store = repositories(db);
    const into = { store, sealer: createSealer({ store, rootKeys: { current: rootKey } }) };
    const sources: PushSource[] = [];
    for (let n = 1; n <= count; n += 1) sources.push(pushSource(await importProject(into, { slug: `site-${n}` })));
    return sources;
  } finally {
    await db.close();
  }
}
