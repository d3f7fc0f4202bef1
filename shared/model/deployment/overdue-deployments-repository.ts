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

/** Deployments and the events of their history. `deployment-lifecycle.ts` says which moves there are. */
/** Deployments whose time in their status is over, or that are given more of it. */
export const overdueDeploymentsRepository = (db: Queryable) => ({
  /**
   * Deployments to look after: their time in their status is over, or their runner has been silent for `silenceSeconds`.
   * One that waits in the queue without an attempt is not late: its message is responsible for it.
   */
  list(silenceSeconds: number, limit: number): Promise<{ id: string; requestId: string }[]> {
    return db.query(sql`
      select d.id, d.request_id
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where ${overdue(silenceSeconds)}
       order by d.deadline_at, d.id limit ${limit}`);
  },

  /** The deployment, if it is one of those still: it may have gone on since it was listed. Behind its lock it cannot go on any more. */
  async find(id: string, silenceSeconds: number): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns}
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where d.id = ${id} and (${overdue(silenceSeconds)})`);
    return row;
  },

  /** More time in this status, if it is in it still. */
  async extendDeadline(id: string, status: keyof typeof deadlineSeconds): Promise<void> {
    await db.query(sql`
      update deployments set deadline_at = db_now() + make_interval(secs => ${deadlineSeconds[status]})
       where id = ${id} and status = ${status}`);
  },

  /** No more time for anything that waits for a build's runner: each is looked after when `deploy` works next. */
  async endDeadlinesOfBuilds(): Promise<void> {
    await db.query(sql`
      update deployments set deadline_at = db_now() where status in ('queued', 'cloning', 'building', 'uploading')`);
  },
});
