import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface SweptProject {
  readonly id: string;
  readonly slug: string;
}

/** One sweep through a project's contents. */
export interface ContentSweep {
  readonly projectId: string;
  readonly begunAt: Date;
}

/** How often a project without changes is swept. Only changes make contents deletable, so nothing should be found. */
const ALWAYS_AFTER_DAYS = 7;

/** When each project's contents were last swept, so that an invocation continues where the previous one stopped. */
export const contentSweepRepository = (db: Queryable) => ({
  /**
   * Projects whose last sweep began before `before` and that may have something to delete, longest waiting first. A content becomes
   * unused when a deployment changes its status (whatever a move leaves in `deadline_at` is not earlier than the move), and unwanted
   * `graceSeconds` after a build asked for it.
   */
  listDue(options: { before: Date; graceSeconds: number; limit: number }): Promise<SweptProject[]> {
    return db.query(sql`
      select p.id, p.slug from projects p left join content_sweeps s on s.project_id = p.id
       where p.deleting_at is null and (s.begun_at is null or s.begun_at < ${options.before})
         and (
           s.swept_at is distinct from s.begun_at or s.swept_at is null
           or s.swept_at < db_now() - make_interval(days => ${ALWAYS_AFTER_DAYS})
           or exists (
             select 1 from deployments d
              where d.project_id = p.id
                and d.deadline_at >= s.swept_at - make_interval(secs => ${options.graceSeconds}) - interval '3 hours'))
       order by s.begun_at nulls first, p.id limit ${options.limit}`);
  },

  /** Moves the project to the end of the line. Undefined when the project no longer exists. */
  async begin(projectId: string): Promise<ContentSweep | undefined> {
    const [row] = await db.query<ContentSweep>(sql`
      insert into content_sweeps (project_id, begun_at)
      select id, date_trunc('milliseconds', db_now()) from projects where id = ${projectId} for key share
      on conflict (project_id) do update set begun_at = excluded.begun_at
      returning project_id, begun_at`);
    return row;
  },

  /** Records that the sweep completed, unless a deletion (of this sweep or another) is still pending. */
  async end({ projectId, begunAt }: ContentSweep): Promise<void> {
    await db.query(sql`
      update content_sweeps set swept_at = begun_at
       where project_id = ${projectId} and begun_at = ${begunAt}
         and not exists (select 1 from blobs where project_id = ${projectId} and doomed_at is not null)`);
  },
});
