import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** Where the inventory of the bucket continues in the next round (`functions/cleanup/sweep-inventory.ts`). */
export const inventorySweepRepository = (db: Queryable) => ({
  /** The last project folder that was compared; undefined: the next round begins with the first. */
  async findListedUntil(): Promise<string | undefined> {
    const [row] = await db.query<{ listedUntil: string }>(sql`select listed_until from inventory_sweeps`);
    return row?.listedUntil;
  },

  /** Continues after this project folder; undefined: from the beginning. */
  async continueAfter(folder: string | undefined): Promise<void> {
    await db.query(
      folder === undefined
        ? sql`delete from inventory_sweeps`
        : sql`
            insert into inventory_sweeps (listed_until) values (${folder})
            on conflict (only_one) do update set listed_until = excluded.listed_until`,
    );
  },
});
