import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** Work that is due now and then, and that one of all instances does. */
export const dutyRepository = (db: Queryable) => ({
  /**
   * Whether the caller is to do this duty now: true for one of all who ask within `everySeconds`. The first ever asked for is
   * due at once. Whoever takes it and fails leaves it to the next round.
   */
  async take(name: string, everySeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      insert into duties as d (name, due_at) values (${name}, db_now() + make_interval(secs => ${everySeconds}))
      on conflict (name) do update set due_at = excluded.due_at where d.due_at <= db_now()
      returning 1`);
    return rows.length > 0;
  },
});
