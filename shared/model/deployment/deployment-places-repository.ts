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
  /** Null, as the commit: it is uploaded, and has no variables. */
  readonly branch: string | null;
  readonly fromHead: boolean;
  readonly commitSha: string | null;
  readonly commitMessage: string | null;
  readonly commitAuthor: string | null;
  readonly settings: BuildSettings;
  readonly requestId: string;
}

/**
 * What taking a place changes in `environments`. What is deployed once more says nothing about the branch; anything else is its head,
 * and what was skipped lies behind it.
 */
export const takingPlace = (fromHead: boolean): Sql => sql`
  next_seq = next_seq + 1, skipped_sha = case when ${fromHead} then null else skipped_sha end`;

/**
 * `with` clauses that put a deployment in the `place` (a clause before them, with its `seq`): `d` is the new row, with the project's variables of
 * this moment. There is none without a place, or when the project is being deleted. `id`: default a new one.
 */
export const inserting = (deployment: NewDeployment, by: Mover, id: Sql = sql`new_id()`): Sql => sql`
  d as (
    insert into deployments (
      id, project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, commit_message, commit_author,
      settings, variables, request_id, from_head
    )
    select ${id}, p.id, ${deployment.environment.id}, place.seq, ${deployment.trigger}, ${deployment.dedupeKey}, ${deployment.branch},
           ${deployment.commitSha}, ${deployment.commitMessage}, ${deployment.commitAuthor},
           ${JSON.stringify(deployment.settings)}::jsonb,
           ${deployment.trigger === 'upload' ? sql`'[]'::jsonb` : variablesOf(deployment.environment.name)},
           ${deployment.requestId}, ${deployment.fromHead}
      from place, projects p where p.id = ${deployment.projectId} and p.deleting_at is null
    returning *
  ), queued_event as (
    insert into deployment_events (deployment_id, from_status, to_status, moved_by, request_id)
    select id, null, status, ${by}, ${deployment.requestId} from d
  )`;
