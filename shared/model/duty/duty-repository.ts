import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** Periodic work that one of all instances does. */
export const dutyRepository = (db: Queryable) => ({
  /**
   * Claims a periodic duty: true for one caller within `everySeconds`. Due at once the first time. If that caller fails, the duty waits
   * for the next period.
   */
  async take(name: string, everySeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      insert into duties as d (name, due_at) values (${name}, db_now() + make_interval(secs => ${everySeconds}))
      on conflict (name) do update set due_at = excluded.due_at where d.due_at <= db_now()
      returning 1`);
    return rows.length > 0;
  },

  /** Whether a duty is overdue by so many seconds. One that was never claimed is due since this was first asked. */
  async isOverdue(name: string, bySeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      with first as (insert into duties (name, due_at) values (${name}, db_now()) on conflict (name) do nothing)
      select 1 from duties where name = ${name} and due_at < db_now() - make_interval(secs => ${bySeconds})`);
    return rows.length > 0;
  },
});
