import type { Queryable } from '../../db/database.ts';
import { insertingMessages, type OutboxMessage } from '../../db/outbox.ts';
import { sql } from '../../db/sql.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { Mover } from '../deployment/deployment-lifecycle.ts';
import { moving } from '../deployment/deployment-moves-repository.ts';
import { inserting, type NewDeployment, takingPlace } from '../deployment/deployment-places-repository.ts';
import { superseding } from '../deployment/superseding.ts';
import type { Environment } from '../environment/environment-repository.ts';
import type { Project } from '../project/project.ts';
import { projectColumns } from '../project/project-repository.ts';
import { insertingDelivery, type NewDelivery } from './delivery-repository.ts';

type Head = Pick<Deployment, 'id' | 'commitSha' | 'status'>;

/** What is known of a branch that an environment follows. */
export interface BranchStanding {
  readonly environment: Pick<
    Environment,
    'id' | 'name' | 'branch' | 'nextSeq' | 'headSha' | 'headPushedAt' | 'skippedSha' | 'disabledAt'
  >;
  /** The environment's newest deployment. */
  readonly newest: Head | undefined;
  /** The newest that came from the branch: what was deployed once more says nothing about the head. */
  readonly newestOfBranch: Head | undefined;
  /** Commits whose deployments wait in the queue. */
  readonly queuedCommits: readonly string[];
  /** One of those that wait has an attempt already, which has to be ended when something newer comes. */
  readonly isDispatched: boolean;
}

/** What there is when a delivery comes. */
export interface PushStanding {
  readonly project: Project;
  /** Of the environments that are on. */
  readonly branches: readonly BranchStanding[];
  /** A delivery with this GUID or this body is here. */
  readonly isSeen: boolean;
}

/** Stands in messages for the id of a deployment that does not have one yet. */
export const NEW_DEPLOYMENT = '00000000-0000-0000-0000-000000000000';

export interface AcceptedPush {
  /** What the decision was made by: if it is not so any more, nothing is done. */
  readonly project: Project;
  readonly known: BranchStanding;
  readonly head: { readonly sha: string; readonly pushedAt: number };
  readonly deployment: NewDeployment;
  /** About a deployment `NEW_DEPLOYMENT`. */
  readonly messages: readonly OutboxMessage[];
  readonly delivery: NewDelivery;
}

/** Pushes, as `webhook` takes them: one statement to see how things stand, one to take the push. */
export const pushRepository = (db: Queryable) => ({
  /** Undefined when there is no such project, or it is being deleted. */
  async findStanding(projectId: string, deliveryGuid: string, bodySha256: Buffer): Promise<PushStanding | undefined> {
    type Row = Project & {
      environmentId: string | null;
      environmentName: string;
      branch: string;
      nextSeq: number;
      headSha: string | null;
      headPushedAt: number;
      skippedSha: string | null;
      newestId: string | null;
      newestSha: string | null;
      newestStatus: Deployment['status'];
      headId: string | null;
      headStatus: Deployment['status'];
      headDeploymentSha: string | null;
      queuedCommits: string[] | null;
      isDispatched: boolean | null;
      isSeen: boolean;
    };
    const rows = await db.query<Row>(sql`
      select ${projectColumns}, e.id as environment_id, e.name as environment_name, e.branch, e.next_seq, e.head_sha,
             e.head_pushed_at, e.skipped_sha,
             newest.id as newest_id, newest.commit_sha as newest_sha, newest.status as newest_status,
             head.id as head_id, head.commit_sha as head_deployment_sha, head.status as head_status,
             queue.commits as queued_commits, queue.is_dispatched,
             exists (select 1 from webhook_deliveries w where w.project_id = p.id and w.delivery_guid = ${deliveryGuid})
             or exists (select 1 from webhook_deliveries w where w.project_id = p.id and w.body_sha256 = ${bodySha256}) as is_seen
        from projects p
        left join environments e on e.project_id = p.id and e.disabled_at is null
        left join lateral (
          select d.id, d.commit_sha, d.status from deployments d where d.environment_id = e.id order by d.seq desc limit 1
        ) newest on true
        left join lateral (
          select d.id, d.commit_sha, d.status from deployments d
           where d.environment_id = e.id and d.from_head order by d.seq desc limit 1
        ) head on true
        left join lateral (
          select array_agg(d.commit_sha) filter (where d.commit_sha is not null) as commits, bool_or(d.attempt > 0) as is_dispatched
            from deployments d where d.environment_id = e.id and d.status = 'queued'
        ) queue on true
       where p.id = ${projectId} and p.deleting_at is null`);
    const [first] = rows;
    if (!first) return undefined;
    const branches = rows.flatMap((row): BranchStanding[] => {
      if (row.environmentId === null) return [];
      const { branch, nextSeq, headSha, headPushedAt, skippedSha } = row;
      const environment = { id: row.environmentId, name: row.environmentName, disabledAt: null };
      return [
        {
          environment: { ...environment, branch, nextSeq, headSha, headPushedAt, skippedSha },
          newest:
            row.newestId === null
              ? undefined
              : { id: row.newestId, commitSha: row.newestSha, status: row.newestStatus },
          newestOfBranch:
            row.headId === null
              ? undefined
              : { id: row.headId, commitSha: row.headDeploymentSha, status: row.headStatus },
          queuedCommits: row.queuedCommits ?? [],
          isDispatched: row.isDispatched === true,
        },
      ];
    });
    return { project: first, branches, isSeen: first.isSeen };
  },

  /**
   * Takes a push in one statement: the branch's new head, the place in the order, the deployment, the end of those that wait in the queue, the
   * messages and the delivery. Returns the deployment's id. Undefined, and nothing is done, when something is not as it was known to be:
   * another push came in between, the project was changed or is being deleted (`startDeleting` takes a place), the environment was switched
   * off or follows another branch, or what waits has been given to a runner. The row of the environment is the lock. Throws as
   * `insert` of deliveries does (`isSeenMeanwhile`).
   */
  async accept(
    { project, known, head, deployment, messages, delivery }: AcceptedPush,
    by: Mover,
  ): Promise<string | undefined> {
    const { environment } = known;
    const { requestId } = deployment;
    const isWaiting = sql`
      environment_id = ${environment.id} and status = 'queued' and attempt = 0 and exists (select 1 from place)`;
    const [row] = await db.query<{ id: string }>(sql`
      with fresh as materialized (select new_id() as id), place as (
        update environments
           set ${takingPlace(deployment.fromHead)}, head_sha = ${head.sha}, head_pushed_at = ${head.pushedAt}
         where id = ${environment.id} and disabled_at is null and branch = ${environment.branch}
           and next_seq = ${environment.nextSeq} and head_pushed_at = ${environment.headPushedAt}
           and head_sha is not distinct from ${environment.headSha} and skipped_sha is not distinct from ${environment.skippedSha}
           and not exists (
             select 1 from deployments where environment_id = ${environment.id} and status = 'queued' and attempt > 0)
           -- A Date has milliseconds.
           and exists (
             select 1 from projects where id = ${project.id} and deleting_at is null
                and date_trunc('milliseconds', updated_at) = ${project.updatedAt}
                and webhook_secret_sealed = ${project.webhookSecretSealed})
        returning next_seq - 1 as seq
      ), ${moving(isWaiting, { ...superseding(by, requestId), from: ['queued'] })}
      , ${inserting(deployment, by, sql`(select id from fresh)`)}
      , message as (
        ${insertingMessages(messages, sql`exists (select 1 from d)`, {
          replacing: NEW_DEPLOYMENT,
          by: sql`(select id::text from fresh)`,
        })}
      ), delivery as (${insertingDelivery(delivery, sql`exists (select 1 from d)`, sql`(select id from fresh)`)})
      select id from d`);
    return row?.id;
  },
});
