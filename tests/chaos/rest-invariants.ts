import { TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { deadlineSeconds, MAX_ATTEMPTS } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import { contentMatches } from './built-site.ts';
import { controlOrigin } from './compose-platform.ts';
import { siteAtRest } from './environment-at-rest.ts';
import type { Character } from './fake-github.ts';
import { DELETED_SLUG } from './persons/person.ts';
import { requestsAreKept } from './request-invariants.ts';
import { Violation } from './violation.ts';
import { SITES, type UploadedFolder, type World } from './world.ts';

/** The error of a message given up because its workers died repeatedly. Failing calls, for however long, are not a valid reason. */
const BAD_LUCK = ['the worker vanished'];

/**
 * I7: nothing was given up without a reason: a commit that does not build, a runner that lied or died, or workers that died
 * repeatedly. An error of our own would be a violation.
 */
async function nothingGivenUp({ database, github, poisoned, uploads }: World): Promise<void> {
  const [dead] = await database.db.query<{ topic: string; lastError: string }>(sql`
    select topic, last_error from outbox
     where state = 'dead' and not last_error like any (${BAD_LUCK}::text[])
       and not (topic = 'deployment.activate' and last_error like 'artifact_invalid%')`);
  if (dead) throw new Violation('I7', `a message was given up: ${dead.topic}, ${dead.lastError}`);
  const failed = await database.db.query<{ id: string; reason: string; commitSha: string | null; slug: string }>(sql`
    select d.id, d.reason, d.commit_sha, p.slug from deployments d join projects p on p.id = d.project_id
     where d.status = 'failed' and not exists (
       select 1 from outbox where state = 'dead' and last_error like any (${BAD_LUCK}::text[])
          and payload->>'deployment_id' = d.id::text)
       and not (reason = 'timeout' and attempt = ${MAX_ATTEMPTS})
       and not (reason = 'publish_stuck' and finished_at >= make_interval(secs => ${deadlineSeconds.deploying})
                  + (select created_at from deployment_events where deployment_id = d.id and to_status = 'deploying'))`);
  for (const { id, reason, commitSha, slug } of failed) {
    const character = commitSha === null ? undefined : github.commits.get(commitSha)?.character;
    const folder = uploads.get(showId('deployment', id));
    const isExpected = (commitSha === null ? deservedBy(folder) : deserved[character ?? 'good']).includes(reason);
    // Contents are shared within a project, and uploads never overwrite: a liar's content fails the next build too.
    const isPoisoned = reason === 'artifact_invalid' && poisoned.has(slug);
    if (!isExpected && !isPoisoned)
      throw new Violation(
        'I7',
        `deployment ${id} of ${character ? `a ${character} commit` : 'a folder'} failed: ${reason}`,
      );
  }
}

/** Why a deployment may fail. A machine may die on any commit. */
const deserved: Readonly<Record<Character, readonly string[]>> = {
  good: ['runner_error'],
  fails: ['runner_error', 'build_failed'],
  hostile: ['runner_error', 'build_failed', 'artifact_invalid'],
};

/** The same of a folder. Its uploader may die, or never begin; not once it was told that everything has arrived. */
const deservedBy = (folder: UploadedFolder | undefined): readonly string[] => [
  ...(folder?.isAccepted ? [] : ['upload_abandoned', 'upload_failed']),
  ...(folder?.isHostile ? ['artifact_invalid'] : []),
];

/** I9: the history of every deployment is a chain that ends in its status. */
async function historyIsWhole({ database }: World): Promise<void> {
  const broken = await database.db.query<{ id: string }>(sql`
    select d.id from deployments d join lateral (
      select array_agg(coalesce(from_status, '') order by id) as froms, array_agg(to_status order by id) as tos
        from deployment_events where deployment_id = d.id) e on true
     where d.status <> e.tos[cardinality(e.tos)]
        or e.froms <> array[''] || e.tos[1:cardinality(e.tos) - 1]`);
  if (broken.length > 0) throw new Violation('I9', `the events of ${broken.map(({ id }) => id)} are not a chain`);
}

const OVER = ['purged', 'failed', 'cancelled'];

/** I8: every stored content is recorded, and every recorded content is stored. */
async function inventoryMatches({ database, objects, edge }: World): Promise<void> {
  const deployments = await database.db.query<{ id: string; status: string }>(sql`select id, status from deployments`);
  const standing = new Set(deployments.filter(({ status }) => !OVER.includes(status)).map(({ id }) => id));
  const named = [...objects.objects.keys(), ...edge.keys(TABLE_NAMESPACE)].flatMap((key) => {
    const id = readId('deployment', /dep_[0-9a-z]{26}/.exec(key)?.[0] ?? '');
    return id === undefined ? [] : [{ key, id }];
  });
  const orphan = named.find(({ id }) => !standing.has(id));
  if (orphan) throw new Violation('I8', `${orphan.key} is left of a deployment that is over or deleted`);

  const blobs = await database.db.query<{ sha256: Buffer; slug: string }>(sql`
    select b.sha256, p.slug from blobs b join projects p on p.id = b.project_id where b.verified_at is not null`);
  for (const { sha256, slug } of blobs) {
    const name = sha256.toString('hex');
    const content = objects.objects.get(`projects/${slug}/blobs/${name}`);
    if (!content || !contentMatches(name, content))
      throw new Violation('I8', `the verified content ${name} is not there`);
  }
}

/** Nothing is left of a deleted project, neither in Postgres nor outside. */
async function deletionIsComplete({ database, objects, github }: World): Promise<void> {
  const [project] = await database.db.query<{ isDeleting: boolean }>(sql`
    select deleting_at is not null as is_deleting from projects where slug = ${DELETED_SLUG}`);
  if (project?.isDeleting) throw new Violation('I8', 'a project is still being deleted');
  if (project) return;
  const left = [...objects.objects.keys()].find((key) => key.startsWith(`projects/${DELETED_SLUG}/`));
  if (left) throw new Violation('I8', `${left} is left of a deleted project`);
  if (github.hooks() > 1) throw new Violation('I8', 'the hook of a deleted project is still there');
}

/** Every delivery that was answered is in the inbox: no 2xx without a commit. */
async function inboxIsComplete({ database, github }: World): Promise<void> {
  const rows = await database.db.query<{ guid: string }>(
    sql`select distinct delivery_guid as guid from webhook_deliveries`,
  );
  const known = new Set(rows.map(({ guid }) => guid));
  const projects = await database.db.query<{ id: string }>(sql`select id from projects`);
  const hooks = new Set(projects.map(({ id }) => hookUrl(controlOrigin, id)));
  const lost = github.deliveries.find(({ guid, answered, url }) => answered && !known.has(guid) && hooks.has(url));
  if (lost) throw new Violation('I1', `delivery ${lost.guid} was answered and is not recorded`);
}

/** What has to hold when nothing is due any more. */
export async function holdsAtRest(world: World): Promise<void> {
  for (const site of SITES) await siteAtRest(world, site);
  await requestsAreKept(world);
  await nothingGivenUp(world);
  await historyIsWhole(world);
  await inventoryMatches(world);
  await deletionIsComplete(world);
  await inboxIsComplete(world);
}
