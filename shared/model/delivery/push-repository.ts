import type { Queryable } from '../../db/database.ts';
import { insertingMessages, messagesJson, type OutboxMessage } from '../../db/outbox.ts';
import { sql } from '../../db/sql.ts';
import type { Deadline } from '../../kernel/deadline.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { Mover } from '../deployment/deployment-lifecycle.ts';
import { inserting, type NewDeployment, takingPlace, wanting } from '../deployment/insert-deployment-sql.ts';
import { moving } from '../deployment/move-deployments-sql.ts';
import { superseding } from '../deployment/superseding.ts';
import type { Environment } from '../environment/environment-repository.ts';
import type { Project } from '../project/project.ts';
import { projectColumns } from '../project/project-repository.ts';
import { insertingDeliveries, type NewDelivery } from './delivery-repository.ts';

type Head = Pick<Deployment, 'id' | 'commitSha' | 'status'>;

/** What is known of a branch that an environment follows. */
export interface BranchStanding {
  readonly environment: Pick<
    Environment,
    'id' | 'name' | 'branch' | 'nextSeq' | 'headSha' | 'headPushedAt' | 'skippedSha' | 'skippedChanges' | 'disabledAt'
  >;
  /** The newest deployment of the branch. Those of a commit and redeployments are not: they say nothing about the head. */
  readonly newestOfBranch: Head | undefined;
  /** Commits of the queued deployments. */
  readonly queuedCommits: readonly string[];
  /** A queued deployment already has an attempt, which has to be ended when something newer arrives. */
  readonly isDispatched: boolean;
}

/** The state against which a delivery is decided. */
export interface PushStanding {
  readonly project: Project;
  /** Of the enabled environments. */
  readonly branches: readonly BranchStanding[];
  /** A delivery with this GUID or body is already recorded. */
  readonly isSeen: boolean;
}

/** Placeholder in messages for the id of a deployment that does not exist yet. */
export const NEW_DEPLOYMENT = '00000000-0000-0000-0000-000000000000';

export interface AcceptedPush {
  /** What the decision was based on; if it has changed, nothing is done. */
  readonly project: Project;
  readonly known: BranchStanding;
  readonly head: { readonly sha: string; readonly pushedAt: number };
  readonly deployment: NewDeployment;
  /** About the deployment `NEW_DEPLOYMENT`. */
  readonly messages: readonly OutboxMessage[];
  readonly delivery: NewDelivery;
}

/** Pushes, as `webhook` handles them: one statement to read the state, one to accept the push. */
export const pushRepository = (db: Queryable) => ({
  /** Undefined when the project does not exist or is being deleted. */
  async findStanding(
    projectId: string,
    deliveryGuid: string,
    bodySha256: Buffer,
    deadline?: Deadline,
  ): Promise<PushStanding | undefined> {
    type Row = Project & {
      environmentId: string | null;
      environmentName: string;
      branch: string;
      nextSeq: number;
      headSha: string | null;
      headPushedAt: number;
      skippedSha: string | null;
      skippedChanges: boolean;
      headId: string | null;
      headStatus: Deployment['status'];
      headDeploymentSha: string | null;
      queuedCommits: string[] | null;
      isDispatched: boolean | null;
      isSeen: boolean;
    };
    const rows = await db.query<Row>(
      sql`
      select ${projectColumns}, e.id as environment_id, e.name as environment_name, e.branch, e.next_seq, e.head_sha,
             e.head_pushed_at, e.skipped_sha, e.skipped_changes,
             head.id as head_id, head.commit_sha as head_deployment_sha, head.status as head_status,
             queue.commits as queued_commits, queue.is_dispatched,
             exists (select 1 from webhook_deliveries w where w.project_id = p.id and w.delivery_guid = ${deliveryGuid})
             or exists (select 1 from webhook_deliveries w where w.project_id = p.id and w.body_sha256 = ${bodySha256}) as is_seen
        from projects p
        left join environments e on e.project_id = p.id and e.disabled_at is null
        left join lateral (
          select d.id, d.commit_sha, d.status from deployments d
           where d.environment_id = e.id and d.from_head order by d.seq desc limit 1
        ) head on true
        left join lateral (
          select array_agg(d.commit_sha) filter (where d.commit_sha is not null) as commits, bool_or(d.attempt > 0) as is_dispatched
            from deployments d where d.environment_id = e.id and d.status = 'queued'
        ) queue on true
       where p.id = ${projectId} and p.deleting_at is null`,
      deadline,
    );
    const [first] = rows;
    if (!first) return undefined;
    const branches = rows.flatMap((row): BranchStanding[] => {
      if (row.environmentId === null) return [];
      const { branch, nextSeq, headSha, headPushedAt, skippedSha, skippedChanges } = row;
      const environment = { id: row.environmentId, name: row.environmentName, disabledAt: null };
      return [
        {
          environment: { ...environment, branch, nextSeq, headSha, headPushedAt, skippedSha, skippedChanges },
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
   * Accepts pushes to different environments in one statement: for each the branch's new head, the sequence number, the deployment, the
   * cancellation of queued ones, the messages and the delivery. Returns the deployments' ids, in the order of the pushes. Undefined, with
   * nothing done for that push, when the state on which it was decided has changed: another push came in between, the project was changed
   * or is being deleted (`startDeleting` takes a sequence number), the environment was disabled or follows another branch, or a queued
   * deployment was given to a runner; or when somebody else holds the environment's lock, because the other pushes shall not wait for it.
   * The environments' rows are the locks. Throws like `insert` of deliveries (`isSeenMeanwhile`).
   */
  async accept(pushes: readonly AcceptedPush[], by: Mover, deadline?: Deadline): Promise<(string | undefined)[]> {
    const known = JSON.stringify(
      pushes.map(({ project, known: { environment }, head, messages }, n) => ({
        n,
        environment_id: environment.id,
        branch: environment.branch,
        next_seq: environment.nextSeq,
        known_sha: environment.headSha,
        known_pushed_at: environment.headPushedAt,
        skipped_sha: environment.skippedSha,
        project_id: project.id,
        updated_at: project.updatedAt,
        secret: project.webhookSecretSealed,
        head_sha: head.sha,
        head_pushed_at: head.pushedAt,
        messages: messagesJson(messages),
      })),
    );
    const isWaiting = sql`
      environment_id = any (array(select environment_id from place)) and status = 'queued' and attempt = 0`;
    const ofPush = sql`(select w.request_id from wanted w where w.environment_id = moved.environment_id)`;
    const rows = await db.query<{ n: number; id: string }>(
      sql`
      with ${wanting(pushes.map(({ deployment }) => deployment))}, push as materialized (
        select * from jsonb_to_recordset(${known}::jsonb) as known (
          n integer, environment_id uuid, branch text, next_seq bigint, known_sha text, known_pushed_at bigint, skipped_sha text,
          project_id uuid, updated_at timestamptz, secret text, head_sha text, head_pushed_at bigint, messages text)
      ), unchanged as materialized (
        -- Whoever locks several does it in this order, so that no two wait for each other.
        select push.n, e.id
          from push
          join environments e on e.id = push.environment_id and e.disabled_at is null and e.branch = push.branch
               and e.next_seq = push.next_seq and e.head_pushed_at = push.known_pushed_at
               and e.head_sha is not distinct from push.known_sha and e.skipped_sha is not distinct from push.skipped_sha
          -- A Date has milliseconds.
          join projects p on p.id = push.project_id and p.deleting_at is null
               and date_trunc('milliseconds', p.updated_at) = push.updated_at and p.webhook_secret_sealed = push.secret
         where (select count(*) from deployments q where q.environment_id = e.id and q.status = 'queued' and q.attempt > 0) = 0
         order by e.id for no key update of e skip locked
      ), place as (
        update environments e set ${takingPlace}, head_sha = push.head_sha, head_pushed_at = push.head_pushed_at
          from unchanged join push on push.n = unchanged.n join wanted w on w.n = push.n
         where e.id = unchanged.id
        returning push.n, e.id as environment_id, e.next_seq - 1 as seq
      ), ${moving(isWaiting, { ...superseding(by), from: ['queued'] }, ofPush)}
      , ${inserting(by)}
      , made as (select w.n, d.id from d join wanted w on w.id = d.id)
      , message as (
        ${insertingMessages(
          sql`replace(push.messages, ${NEW_DEPLOYMENT}, made.id::text)`,
          sql`made join push on push.n = made.n`,
        )}
      ), delivery as (
        ${insertingDeliveries(
          pushes.map(({ delivery }) => delivery),
          sql`made`,
        )}
      )
      select n, id from made`,
      deadline,
    );
    const ids = new Map(rows.map(({ n, id }) => [n, id]));
    return pushes.map((_, n) => ids.get(n));
  },
});
