import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { WrappedByRoot } from './root-keys.ts';

/** A key that wraps data keys. */
export interface RingKey extends WrappedByRoot {
  readonly id: string;
}

/** A key that seals values, together with the key that wraps it: read by one statement, because the ring key may be deleted right after. */
export interface DataKey {
  readonly id: string;
  /** Null: for accounts and platform. */
  readonly projectId: string | null;
  readonly wrapped: string;
  readonly retired: boolean;
  readonly ringKeyId: string;
  readonly ringRootKeyId: string;
  readonly ringWrapped: string;
}

export interface RingKeyState {
  readonly id: string;
  readonly rootKeyId: string;
  readonly createdAt: Date;
  readonly retiredAt: Date | null;
  readonly dataKeys: number;
}

export interface DataKeyState {
  readonly active: number;
  readonly retired: number;
  readonly oldestActiveAt: Date | null;
}

const columns = sql`
  d.id, d.project_id, d.wrapped, d.retired_at is not null as retired,
  r.id as ring_key_id, r.root_key_id as ring_root_key_id, r.wrapped as ring_wrapped`;
const dataKeys = sql`select ${columns} from data_keys d join key_ring r on r.id = d.ring_key_id`;

/** Ring keys and the projects' data keys, all wrapped. `keyRing` unwraps them. */
export const keyRepository = (db: Queryable) => ({
  /** The id is part of a key's wrapping context, so it is needed before the key is stored. */
  async newId(): Promise<string> {
    const [row] = await db.query<{ id: string }>(sql`select new_id() as id`);
    if (!row) throw new AppError('internal');
    return row.id;
  },

  async findRingKey(): Promise<RingKey | undefined> {
    const [row] = await db.query<RingKey>(sql`select id, root_key_id, wrapped from key_ring where retired_at is null`);
    return row;
  },

  /** Makes it the key that wraps new data keys, unless another insert won. */
  async insertRingKey({ id, rootKeyId, wrapped }: RingKey): Promise<void> {
    await db.query(sql`
      insert into key_ring (id, root_key_id, wrapped) values (${id}, ${rootKeyId}, ${wrapped})
      on conflict ((true)) where retired_at is null do nothing`);
  },

  /** The next data key gets a new ring key. */
  async retireRingKey(): Promise<void> {
    await db.query(sql`update key_ring set retired_at = db_now() where retired_at is null`);
  },

  /** Ring keys under a root key other than this one. */
  listRingKeysNotUnder: (rootKeyId: string) =>
    db.query<RingKey>(sql`select id, root_key_id, wrapped from key_ring where root_key_id <> ${rootKeyId} order by id`),

  listRingKeys: () =>
    db.query<RingKeyState>(sql`
      select r.id, r.root_key_id, r.created_at, r.retired_at,
             (select count(*) from data_keys d where d.ring_key_id = r.id) as data_keys
        from key_ring r order by r.created_at, r.id`),

  async rewrapRingKey(before: RingKey, { rootKeyId, wrapped }: WrappedByRoot): Promise<void> {
    await db.query(sql`
      update key_ring set root_key_id = ${rootKeyId}, wrapped = ${wrapped}
       where id = ${before.id} and wrapped = ${before.wrapped}`);
  },

  /** Deletes ring keys that wrap nothing. If a data key is concurrently created with one, the statement fails and is retried. */
  async deleteUnusedRingKeys(): Promise<void> {
    await db.query(sql`
      delete from key_ring r
       where r.retired_at is not null and not exists (select 1 from data_keys d where d.ring_key_id = r.id)`);
  },

  async findDataKey(id: string): Promise<DataKey | undefined> {
    const [row] = await db.query<DataKey>(sql`${dataKeys} where d.id = ${id}`);
    return row;
  },

  /** The data key for new values. */
  async findActiveDataKey(projectId: string | null): Promise<DataKey | undefined> {
    const [row] = await db.query<DataKey>(sql`
      ${dataKeys} where d.project_id is not distinct from ${projectId}::uuid and d.retired_at is null`);
    return row;
  },

  /** Makes it the key for new values, unless another insert won. Throws `conflict` when the ring key was deleted meanwhile. */
  async insertDataKey(key: Pick<DataKey, 'id' | 'projectId' | 'ringKeyId' | 'wrapped'>): Promise<void> {
    const rows = await db.query(sql`
      with ring as (select id from key_ring where id = ${key.ringKeyId} for key share), made as (
        insert into data_keys (id, project_id, ring_key_id, wrapped)
        select ${key.id}, ${key.projectId}, ring.id, ${key.wrapped} from ring
        on conflict (project_id) where retired_at is null do nothing
      )
      select 1 from ring`);
    if (rows.length === 0) throw new AppError('conflict', { message: 'the ring key is gone' });
  },

  /** Data keys not under the newest ring key, in batches. */
  listDataKeysToRewrap: (limit: number) =>
    db.query<DataKey>(sql`
      ${dataKeys} where d.ring_key_id in (select id from key_ring where retired_at is not null) order by d.id limit ${limit}`),

  async rewrapDataKey(before: DataKey, under: { readonly ringKeyId: string; readonly wrapped: string }): Promise<void> {
    await db.query(sql`
      update data_keys set ring_key_id = ${under.ringKeyId}, wrapped = ${under.wrapped}
       where id = ${before.id} and ring_key_id = ${before.ringKeyId}`);
  },

  /** Retires the data keys of one project, or of all, accounts and platform: the next value of each gets a new key. Returns how many. */
  async retireDataKeys(projectId?: string): Promise<number> {
    const which = projectId === undefined ? sql`true` : sql`project_id = ${projectId}`;
    const rows = await db.query(
      sql`update data_keys set retired_at = db_now() where retired_at is null and ${which} returning 1`,
    );
    return rows.length;
  },

  /** Retires ring and data keys older than this. Returns how many. */
  async retireOlderThan(days: number): Promise<number> {
    const old = sql`retired_at is null and created_at < db_now() - make_interval(days => ${days})`;
    const ring = await db.query(sql`update key_ring set retired_at = db_now() where ${old} returning 1`);
    const data = await db.query(sql`update data_keys set retired_at = db_now() where ${old} returning 1`);
    return ring.length + data.length;
  },

  /** Data keys that were retired longer ago than this. */
  listRetired: ({ seconds, limit }: { readonly seconds: number; readonly limit: number }) =>
    db.query<{ id: string }>(sql`
      select id from data_keys where retired_at < db_now() - make_interval(secs => ${seconds})
       order by retired_at, id limit ${limit}`),

  /** Whether there are retired keys that are too recent for `listRetired`. */
  async isRetiredWithin(seconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 from data_keys where retired_at >= db_now() - make_interval(secs => ${seconds}) limit 1`);
    return rows.length > 0;
  },

  async isAnyRetired(): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 where exists (select from data_keys where retired_at is not null)
                  or exists (select from key_ring where retired_at is not null)`);
    return rows.length > 0;
  },

  async deleteDataKey(id: string): Promise<void> {
    await db.query(sql`delete from data_keys where id = ${id} and retired_at is not null`);
  },

  /** Deletes the keys of projects that were never created. Returns how many. */
  async deleteOrphans(): Promise<number> {
    const rows = await db.query(sql`
      delete from data_keys d
       where d.project_id is not null and d.created_at < db_now() - interval '1 day'
         and not exists (select 1 from projects p where p.id = d.project_id) returning 1`);
    return rows.length;
  },

  async countDataKeys(): Promise<DataKeyState> {
    const [row] = await db.query<DataKeyState>(sql`
      select count(*) filter (where retired_at is null) as active, count(*) filter (where retired_at is not null) as retired,
             min(created_at) filter (where retired_at is null) as oldest_active_at
        from data_keys`);
    if (!row) throw new AppError('internal');
    return row;
  },
});
export type KeyRepository = ReturnType<typeof keyRepository>;
