import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Deployment } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import { deadlineSeconds } from './deployment-lifecycle.ts';

/** Of `deployments d` with their current attempt `a`. */
const overdue = (silenceSeconds: number) => sql`
  (d.deadline_at < db_now() and d.status in ('cloning', 'building', 'uploading', 'deploying', 'purging'))
  or (d.deadline_at < db_now() and d.status = 'queued' and a.state = 'dispatched')
  or (d.status in ('cloning', 'building', 'uploading')
      and a.last_seen_at < db_now() - make_interval(secs => ${silenceSeconds}))`;

/** Deployments past the deadline of their status, and extensions of deadlines. */
export const overdueDeploymentsRepository = (db: Queryable) => ({
  /**
   * Overdue deployments: past the deadline of their status, or their runner has been silent for `silenceSeconds`. One queued without an
   * attempt is not overdue: its message takes care of it.
   */
  list(silenceSeconds: number, limit: number): Promise<{ id: string; requestId: string }[]> {
    return db.query(sql`
      select d.id, d.request_id
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where ${overdue(silenceSeconds)}
       order by d.deadline_at, d.id limit ${limit}`);
  },

  /** The deployment, if it is still overdue: it may have progressed since it was listed. Once it is locked it cannot. */
  async find(id: string, silenceSeconds: number): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns}
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where d.id = ${id} and (${overdue(silenceSeconds)})`);
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
      update deployments set deadline_at = db_now() where status in ('queued', 'cloning', 'building', 'uploading')`);
  },
});
