import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** One of the streams a user may have open concurrently. */
export interface StreamSlot {
  readonly userId: string;
  readonly slot: number;
  readonly stream: string;
}

/** A user's open event streams: slots, each with a lease. */
export const eventStreamRepository = (db: Queryable) => {
  /** One try. Of two that want the same slot the first gets it. */
  const tryOpen = async (userId: string, slots: number, leaseSeconds: number) => {
    const stream = randomUUID();
    const [row] = await db.query<{ free: number; slot: number | null }>(sql`
      with free as (
        select s.slot from generate_series(1, ${slots}::int) s (slot)
         where not exists (
           select 1 from event_streams e where e.user_id = ${userId} and e.slot = s.slot and e.held_until > db_now()
         )
      ), opened as (
        insert into event_streams as e (user_id, slot, stream, held_until)
        select ${userId}::uuid, min(slot), ${stream}::uuid, db_now() + make_interval(secs => ${leaseSeconds})
          from free having count(*) > 0
        on conflict (user_id, slot) do update set stream = excluded.stream, held_until = excluded.held_until
         where e.held_until <= db_now()
        returning slot
      )
      select (select count(*) from free) as free, (select slot from opened) as slot`);
    return { free: row?.free ?? 0, opened: row?.slot == null ? undefined : { userId, slot: row.slot, stream } };
  };

  return {
    /** Takes one of the user's slots, held for as long as it is renewed; undefined when all are held. */
    async open(userId: string, slots: number, leaseSeconds: number): Promise<StreamSlot | undefined> {
      for (;;) {
        const { free, opened } = await tryOpen(userId, slots, leaseSeconds);
        if (opened || free === 0) return opened;
      }
    },

    async renew({ userId, slot, stream }: StreamSlot, leaseSeconds: number): Promise<void> {
      await db.query(sql`
        update event_streams set held_until = db_now() + make_interval(secs => ${leaseSeconds})
         where user_id = ${userId} and slot = ${slot} and stream = ${stream}`);
    },

    async close({ userId, slot, stream }: StreamSlot): Promise<void> {
      await db.query(sql`
        delete from event_streams where user_id = ${userId} and slot = ${slot} and stream = ${stream}`);
    },

    /** Deletes the slots of crashed instances. Returns how many, at most `limit`. */
    async forgetLost(limit: number): Promise<number> {
      const rows = await db.query(sql`
        delete from event_streams where (user_id, slot) in (
          select user_id, slot from event_streams where held_until <= db_now() limit ${limit}
        ) returning 1`);
      return rows.length;
    },
  };
};
