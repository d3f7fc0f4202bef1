import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** An unresolved dead letter. */
export interface DeadLetter {
  readonly id: string;
  readonly topic: string;
  readonly lane: string;
  readonly dedupeKey: string;
  /** Ids only. */
  readonly payload: Readonly<Record<string, string | number>>;
  readonly requestId: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly errorClass: string | null;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly diedAt: Date | null;
}

const columns = sql`
  id, topic, lane, dedupe_key, payload, request_id, attempts, max_attempts, last_error_class as error_class,
  last_error as error, created_at, finished_at as died_at`;
const unresolved = sql`state = 'dead' and resolution is null`;

/** Outbox messages that were given up, until somebody replays or discards them. */
export const deadLetterRepository = (db: Queryable) => ({
  /** Newest first, from just below `beforeId`. */
  list(options: { limit: number; beforeId: string | undefined; topic: string | undefined }): Promise<DeadLetter[]> {
    return db.query<DeadLetter>(sql`
      select ${columns} from outbox
       where ${unresolved} and (${options.topic ?? null}::text is null or topic = ${options.topic ?? null})
         and (${options.beforeId ?? null}::uuid is null or id < ${options.beforeId ?? null}::uuid)
       order by id desc limit ${options.limit}`);
  },

  async find(id: string): Promise<DeadLetter | undefined> {
    const [row] = await db.query<DeadLetter>(sql`select ${columns} from outbox where id = ${id} and ${unresolved}`);
    return row;
  },

  /** Ids of dead letters of a topic that died so many seconds ago, after a transient or a permanent error (undefined: none of these). */
  async listDue(
    topic: string,
    after: { readonly transient: number; readonly permanent: number | undefined },
    limit: number,
  ): Promise<string[]> {
    const rows = await db.query<{ id: string }>(sql`
      select id from outbox
       where ${unresolved} and topic = ${topic} and finished_at <= db_now() - make_interval(secs =>
               case when last_error_class = 'permanent' then ${after.permanent ?? null}::double precision
                    else ${after.transient}::double precision end)
       order by finished_at limit ${limit}`);
    return rows.map(({ id }) => id);
  },

  /** Resolves a dead letter once: undefined when there is none, or it was resolved meanwhile. */
  async resolve(id: string, resolution: 'replayed' | 'discarded', note: string): Promise<DeadLetter | undefined> {
    const [row] = await db.query<DeadLetter>(sql`
      update outbox set resolution = ${resolution}, resolution_note = ${note}, resolved_at = db_now()
       where id = ${id} and ${unresolved} returning ${columns}`);
    return row;
  },
});
