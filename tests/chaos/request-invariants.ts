import { sql } from '@miaobu/shared/db/sql';
import { readId } from '@miaobu/shared/kernel/ids';
import { DELETED_SLUG } from './persons/person.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

/** I1: what the API has answered with is recorded, unless its project is gone. */
async function answersAreRecorded({ database, promised }: World): Promise<void> {
  const ids = promised.map((shown) => readId('deployment', shown) ?? '');
  const [gone] = await database.db.query<{ id: string }>(sql`
    select id from unnest(${ids}::uuid[]) as id
     where not exists (select 1 from deployments where deployments.id = id.id)
       and exists (select 1 from projects where slug = ${DELETED_SLUG})`);
  if (gone) throw new Violation('I1', `deployment ${gone.id} was answered and is not recorded`);
}

/**
 * I1: nothing that waits for its build is cancelled but by a user, with its environment or project, or by what is queued after it in the
 * same instant; a head of the branch only by a later head.
 */
async function nothingIsSupersededInVain({ database, cancelled }: World): Promise<void> {
  const [row] = await database.db.query<{ id: string; reason: string; fromHead: boolean }>(sql`
    select d.id, d.reason, d.from_head from deployments d
     where d.status = 'cancelled' and case d.reason
       when 'superseded' then not exists (
         select 1 from deployments later
          where later.environment_id = d.environment_id and later.seq > d.seq and later.created_at = d.finished_at
            and (later.from_head or not d.from_head))
       when 'user' then not d.id = any (${[...cancelled]}::uuid[])
       else d.reason not in ('switched_off', 'project_deleted') end`);
  if (!row) return;
  throw new Violation('I1', `deployment ${row.id} (of a head: ${row.fromHead}) was cancelled: ${row.reason}`);
}

interface OfHead {
  readonly id: string;
  readonly environmentId: string;
  readonly branch: string;
  readonly commitSha: string;
  readonly status: string;
  readonly trigger: string;
  readonly createdAt: Date;
}

/**
 * I1: a delivery of a push whose head is deployed already queues nothing, whatever was asked for by hand since: a second deployment of the
 * same head in a row has a second push to it, or somebody asked for it.
 */
async function noPushIsTakenTwice({ database, github }: World): Promise<void> {
  const heads = await database.db.query<OfHead>(sql`
    select id, environment_id, branch, commit_sha, status, trigger, created_at from deployments
     where from_head order by environment_id, seq`);
  for (const [index, later] of heads.entries()) {
    const before = heads[index - 1];
    const isRepeated =
      before?.environmentId === later.environmentId &&
      before.branch === later.branch &&
      before.commitSha === later.commitSha &&
      before.status !== 'failed' &&
      before.status !== 'cancelled';
    if (!isRepeated || later.trigger !== 'push') continue;
    if (github.pushesTo(later.branch, later.commitSha, later.createdAt) > 1) continue;
    throw new Violation('I1', `deployment ${later.id} is of a push that ${before.id} had deployed already`);
  }
}

/** What people asked for, in whatever way, was done or was overtaken. */
export async function requestsAreKept(world: World): Promise<void> {
  await answersAreRecorded(world);
  await nothingIsSupersededInVain(world);
  await noPushIsTakenTwice(world);
}
