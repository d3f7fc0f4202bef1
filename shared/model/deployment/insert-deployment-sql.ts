import type { BuildSettings } from '../../contracts/build-job.ts';
import { type Sql, sql } from '../../db/sql.ts';
import type { Environment } from '../environment/environment-repository.ts';
import { variablesOf } from '../project/project-repository.ts';
import type { DeploymentTrigger } from './deployment.ts';
import type { Mover } from './deployment-lifecycle.ts';

export interface NewDeployment {
  readonly projectId: string;
  readonly environment: Pick<Environment, 'id' | 'name' | 'branch'>;
  readonly trigger: DeploymentTrigger;
  readonly dedupeKey: string;
  /** Null for uploads, like the commit; they have no variables. */
  readonly branch: string | null;
  readonly fromHead: boolean;
  readonly commitSha: string | null;
  readonly commitMessage: string | null;
  readonly commitAuthor: string | null;
  readonly settings: BuildSettings;
  readonly requestId: string;
}

/** `with` clause: `wanted` are the rows to insert, each with its id and its index `n` in the list. */
export const wanting = (deployments: readonly NewDeployment[]): Sql => sql`
  wanted as materialized (
    select new_id() as id, w.*
      from jsonb_to_recordset(${JSON.stringify(
        deployments.map((deployment, n) => ({
          n,
          project_id: deployment.projectId,
          environment_id: deployment.environment.id,
          environment_name: deployment.environment.name,
          trigger: deployment.trigger,
          dedupe_key: deployment.dedupeKey,
          branch: deployment.branch,
          from_head: deployment.fromHead,
          commit_sha: deployment.commitSha,
          commit_message: deployment.commitMessage,
          commit_author: deployment.commitAuthor,
          settings: deployment.settings,
          request_id: deployment.requestId,
        })),
      )}::jsonb) as w (
             n integer, project_id uuid, environment_id uuid, environment_name text, trigger text, dedupe_key text, branch text,
             from_head boolean, commit_sha text, commit_message text, commit_author text, settings jsonb, request_id text)
  )`;

/**
 * What taking a sequence number changes in `environments e` for a row of `wanted w`. A redeployment says nothing about the branch;
 * anything else is its head, and a skipped commit is older.
 */
export const takingPlace = sql`
  next_seq = e.next_seq + 1, skipped_sha = case when w.from_head then null else e.skipped_sha end`;

/**
 * `with` clauses that insert the rows of `wanted` that have a sequence number in `place (n, seq)`: `d` are the new rows, with the
 * project's current variables. None when the project is being deleted.
 */
export const inserting = (by: Mover): Sql => sql`
  d as (
    insert into deployments (
      id, project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, commit_message, commit_author,
      settings, variables, request_id, from_head
    )
    select w.id, p.id, w.environment_id, place.seq, w.trigger, w.dedupe_key, w.branch, w.commit_sha, w.commit_message,
           w.commit_author, w.settings,
           case when w.trigger = 'upload' then '[]' else ${variablesOf(sql`w.environment_name`)} end,
           w.request_id, w.from_head
      from place join wanted w on w.n = place.n join projects p on p.id = w.project_id and p.deleting_at is null
    returning *
  ), queued_event as (
    insert into deployment_events (deployment_id, from_status, to_status, moved_by, request_id)
    select id, null, status, ${by}, request_id from d
  )`;
