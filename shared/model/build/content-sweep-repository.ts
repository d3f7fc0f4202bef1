import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export interface SweptProject {
  readonly id: string;
  readonly slug: string;
}

/** One look through the contents of a project. */
export interface ContentSweep {
  readonly projectId: string;
  readonly begunAt: Date;
}

/** How often a project is swept in which nothing has happened: what is deleted follows from what happened, so nothing should be found. */
const ALWAYS_AFTER_DAYS = 7;

/** When the contents of each project were last swept: an invocation goes on where the last one had to stop. */
export const contentSweepRepository = (db: Queryable) => ({
  /**
   * Projects that nobody has begun to sweep since `before` and in which there may be something to delete, those first that have waited
   * longest. A content becomes unused when a deployment goes on to another status (all that a move leaves in `deadline_at` is not before the
   * move), and unwanted `graceSeconds` after a build asked for it.
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

  /** Puts the project at the end of the line. Undefined when there is no such project any more. */
  async begin(projectId: string): Promise<ContentSweep | undefined> {
    const [row] = await db.query<ContentSweep>(sql`
      insert into content_sweeps (project_id, begun_at)
      select id, date_trunc('milliseconds', db_now()) from projects where id = ${projectId} for key share
      on conflict (project_id) do update set begun_at = excluded.begun_at
      returning project_id, begun_at`);
    return row;
  },

  /** Notes that it went through to the end; not while a deletion is left over, this one's or another's. */
  async end({ projectId, begunAt }: ContentSweep): Promise<void> {
    await db.query(sql`
      update content_sweeps set swept_at = begun_at
       where project_id = ${projectId} and begun_at = ${begunAt}
         and not exists (select 1 from blobs where project_id = ${projectId} and doomed_at is not null)`);
  },
});
