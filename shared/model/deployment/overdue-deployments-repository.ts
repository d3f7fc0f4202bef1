import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Deployment } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import { ASK_AGAIN_SECONDS, deadlineSeconds, SILENCE_SECONDS, UNHEARD_SECONDS } from './deployment-lifecycle.ts';

/** A deployment that has to be looked after. */
export interface OverdueDeployment extends Deployment {
  /** Past the deadline of its status, or its runner is silent. Otherwise only its run, which has not reported lately, may be over. */
  readonly isLate: boolean;
}

const ago = (seconds: number) => sql`db_now() - make_interval(secs => ${seconds})`;

// Of `deployments d` with their current attempt `a`.

/** One queued without an attempt is not late: its message takes care of it. */
const late = sql`(
  (d.deadline_at < db_now() and d.status in ('cloning', 'building', 'uploading', 'deploying', 'purging'))
  or (d.deadline_at < db_now() and d.status = 'queued' and a.state = 'dispatched')
  or (d.status in ('cloning', 'building', 'uploading') and a.last_seen_at < ${ago(SILENCE_SECONDS)}))`;

/** An uploader is no run of the provider's. */
const unheard = sql`(d.trigger <> 'upload' and (
  (d.status = 'queued' and a.state = 'dispatched' and a.created_at < ${ago(UNHEARD_SECONDS)})
  or (d.status in ('cloning', 'building', 'uploading') and a.last_seen_at < ${ago(UNHEARD_SECONDS)})))`;

const askedJustNow = sql`(
  d.status in ('queued', 'cloning', 'building', 'uploading') and coalesce(a.run_asked_at >= ${ago(ASK_AGAIN_SECONDS)}, false))`;

/** Deployments that have to be looked after, and extensions of deadlines. */
export const overdueDeploymentsRepository = (db: Queryable) => ({
  /** Those that are late, and those whose run has not reported for a minute; not those whose provider was asked less than a minute ago. */
  list(limit: number): Promise<{ id: string; requestId: string }[]> {
    return db.query(sql`
      select d.id, d.request_id
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where (${late} or ${unheard}) and not ${askedJustNow}
       order by d.deadline_at, d.id limit ${limit}`);
  },

  /** The deployment, if it still has to be looked after: it may have progressed since it was listed. Once it is locked it cannot. */
  async find(id: string): Promise<OverdueDeployment | undefined> {
    const [row] = await db.query<OverdueDeployment>(sql`
      select ${deploymentColumns}, coalesce(${late}, false) as is_late
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where d.id = ${id} and (${late} or ${unheard})`);
    return row;
  },

  /** Extends the deadline, if it is still in this status. */
  async extendDeadline(id: string, status: keyof typeof deadlineSeconds): Promise<void> {
    await db.query(sql`
      update deployments set deadline_at = db_now() + make_interval(secs => ${deadlineSeconds[status]})
       where id = ${id} and status = ${status}`);
  },

  /** Ends the deadlines of everything that waits for a build's runner, so that `deploy` checks each on its next run. */
  async endDeadlinesOfBuilds(): Promise<void> {
    await db.query(sql`
      with ended as (
        update deployments set deadline_at = db_now() where status in ('queued', 'cloning', 'building', 'uploading')
        returning id, attempt)
      update build_attempts a set run_asked_at = null from ended
       where a.deployment_id = ended.id and a.attempt = ended.attempt`);
  },
});
