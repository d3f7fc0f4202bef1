import type { Queryable } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';

/** Advances `db_now()` of the whole database by this much; calls add up. */
export async function shiftClock(db: Queryable, seconds: number): Promise<void> {
  await db.query(sql`
    insert into clock_shift (shift) values (make_interval(secs => ${seconds}))
    on conflict (only_row) do update set shift = clock_shift.shift + excluded.shift`);
}
