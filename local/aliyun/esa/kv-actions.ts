import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { AcsError } from '../../wire/acs3.ts';
import type { KvEntry } from './edge/edge-messages.ts';
import { type EsaState, timestamp } from './esa-state.ts';
import type { RpcAction, RpcCall } from './rpc-service.ts';

const MAX_NAMESPACES = 10;
const MAX_VALUE_BYTES = 2_000_000;
const MAX_KEY_BYTES = 512;
const MAX_DELETES = 10_000;
const NAMESPACE_CAPACITY = 1024 ** 3;

const batchPutSchema = z.array(
  z.object({
    Key: z.string(),
    Value: z.string(),
    Expiration: z.number().optional(),
    ExpirationTtl: z.number().optional(),
  }),
);

export interface KvActionsOptions {
  /** Documentation says letters, digits, `-` and `_` only; hostnames with dots work in practice. True enforces the former. */
  readonly strictKvKeys: boolean;
  /** Called for every change, so that the edge learns of it. */
  readonly changed: (entry: KvEntry) => void;
}

/** The KV operations of ESA 2024-09-10. */
export function kvActions({ database, nextId }: EsaState, { strictKvKeys, changed }: KvActionsOptions) {
  const selectNamespace = database.prepare('select * from kv_namespaces where name = ?');
  const upsert = database.prepare(
    `insert into kv_entries (namespace, key, value, expires_at, updated_at) values (?, ?, ?, ?, ?)
     on conflict (namespace, key) do update
     set value = excluded.value, expires_at = excluded.expires_at, updated_at = excluded.updated_at`,
  );
  const selectLive =
    'from kv_entries where namespace = ? and (expires_at is null or expires_at > ?) and substr(key, 1, length(?)) = ?';
  const remove = database.prepare('delete from kv_entries where namespace = ? and key = ?');

  const keyProblem = (key: string): AcsError | undefined => {
    const malformed = key === '' || /[^\x21-\x7e]|\\/.test(key) || (strictKvKeys && !/^[\w-]+$/.test(key));
    if (malformed) return new AcsError(400, 'InvalidKey.Malformed', 'The specified key is invalid.');
    if (key.length > MAX_KEY_BYTES)
      return new AcsError(400, 'InvalidKey.ExceedsMaximum', 'The size of the key cannot exceed 512 bytes.');
    return undefined;
  };
  const existingNamespace = (call: RpcCall) => {
    const name = call.query.required('Namespace');
    if (!selectNamespace.get(name))
      throw new AcsError(404, 'InvalidNameSpace.NotFound', 'The specified namespace does not exist.');
    return name;
  };
  const validKey = (call: RpcCall) => {
    const key = call.query.required('Key');
    const problem = keyProblem(key);
    if (problem) throw problem;
    return key;
  };
  const expiry = (expiration: number | undefined, ttl: number | undefined) => {
    const at = ttl === undefined ? expiration && expiration * 1000 : Date.now() + ttl * 1000;
    if (at !== undefined && at <= Date.now())
      throw new AcsError(400, 'InvalidExpiration.Malformed', 'The expiration time is in the past.');
    return at;
  };
  const put = (namespace: string, key: string, value: Buffer, expiresAt: number | undefined) => {
    upsert.run(namespace, key, value, expiresAt ?? null, timestamp());
    changed({ namespace, key, value, expiresAt });
  };
  const tooLarge = () => new AcsError(400, 'InvalidValue.ExceedsMaximum', 'The value cannot exceed 2 MB.');

  const actions: Record<string, RpcAction> = {
    CreateKvNamespace: {
      method: 'POST',
      run({ form }) {
        const name = form.required('Namespace');
        if (!/^[\w-]{1,128}$/.test(name))
          throw new AcsError(400, 'InvalidNameSpace.Malformed', 'The specified namespace is invalid.');
        if (selectNamespace.get(name))
          throw new AcsError(406, 'InvalidNameSpace.Duplicate', 'The specified namespace already exists.');
        const { count } = database.prepare('select count(*) as count from kv_namespaces').get() ?? {};
        if (Number(count) >= MAX_NAMESPACES)
          throw new AcsError(406, 'InvalidNameSpace.QuotaFull', 'The maximum number of namespaces is reached.');
        const description = form.optional('Description') ?? '';
        // Beyond 2^53, which is why namespace ids are strings on the wire.
        const id = `${nextId()}00`;
        database
          .prepare('insert into kv_namespaces (name, namespace_id, description) values (?, ?, ?)')
          .run(name, id, description);
        return { Namespace: name, NamespaceId: id, Description: description, Status: 'online' };
      },
    },
    GetKvNamespace: {
      method: 'GET',
      run(call) {
        const row = selectNamespace.get(existingNamespace(call));
        const used = database
          .prepare('select coalesce(sum(length(key) + length(value)), 0) as bytes from kv_entries where namespace = ?')
          .get(String(row?.name));
        return {
          Namespace: row?.name,
          NamespaceId: row?.namespace_id,
          Description: row?.description,
          Status: 'online',
          Capacity: NAMESPACE_CAPACITY,
          CapacityUsed: used?.bytes,
        };
      },
    },
    PutKv: {
      method: 'POST',
      run(call) {
        const namespace = existingNamespace(call);
        const key = validKey(call);
        const text = call.form.required('Value');
        const value = Buffer.from(text, call.query.flag('Base64') ? 'base64' : 'utf8');
        if (value.length > MAX_VALUE_BYTES) throw tooLarge();
        put(namespace, key, value, expiry(call.query.integer('Expiration'), call.query.integer('ExpirationTtl')));
        const shown = text.length > 256 ? `${text.slice(0, 100)}...${text.slice(-100)}` : text;
        return { Length: String(value.length), Value: shown };
      },
    },
    BatchPutKv: {
      method: 'POST',
      run(call) {
        const namespace = existingNamespace(call);
        if (Buffer.byteLength(call.form.required('KvList')) > MAX_VALUE_BYTES) throw tooLarge();
        const parsed = batchPutSchema.safeParse(call.form.json('KvList'));
        if (!parsed.success) throw new AcsError(400, 'InvalidKvList', 'Specified parameter KvList is not valid.');
        const failed = parsed.data.filter(({ Key }) => keyProblem(Key)).map(({ Key }) => Key);
        const written = parsed.data.filter(({ Key }) => !failed.includes(Key));
        for (const { Key, Value, Expiration, ExpirationTtl } of written)
          put(namespace, Key, Buffer.from(Value), expiry(Expiration, ExpirationTtl));
        return { SuccessKeys: written.map(({ Key }) => Key), FailKeys: failed };
      },
    },
    GetKv: {
      method: 'GET',
      run(call) {
        const [namespace, key] = [existingNamespace(call), validKey(call)];
        const row = database
          .prepare(`select value ${selectLive} and key = ?`)
          .get(namespace, Date.now(), key, key, key);
        if (!row) throw new AcsError(404, 'InvalidKey.NotFound', 'The specified key does not exist.');
        return { Value: Buffer.from(row.value as Uint8Array).toString(call.query.flag('Base64') ? 'base64' : 'utf8') };
      },
    },
    DeleteKv: {
      method: 'GET',
      run(call) {
        const [namespace, key] = [existingNamespace(call), validKey(call)];
        if (remove.run(namespace, key).changes === 0)
          throw new AcsError(404, 'InvalidKey.NotFound', 'The specified key does not exist.');
        changed({ namespace, key, value: undefined, expiresAt: undefined });
        return {};
      },
    },
    BatchDeleteKv: {
      method: 'POST',
      run(call) {
        const namespace = existingNamespace(call);
        const parsed = z.array(z.string()).max(MAX_DELETES).safeParse(call.form.json('Keys'));
        if (!parsed.success) throw new AcsError(400, 'InvalidKeys', 'Specified parameter Keys is not valid.');
        for (const key of parsed.data) {
          remove.run(namespace, key);
          changed({ namespace, key, value: undefined, expiresAt: undefined });
        }
        return { SuccessKeys: parsed.data, FailKeys: [] };
      },
    },
    ListKvs: {
      method: 'GET',
      run(call) {
        const namespace = existingNamespace(call);
        const prefix = call.query.optional('Prefix') ?? '';
        const page = call.query.integer('PageNumber') ?? 1;
        const size = call.query.integer('PageSize') ?? 50;
        if (page < 1 || size < 1 || size > 100 || page * size > 50_000)
          throw new AcsError(400, 'InvalidParameter', 'The specified page is out of range.');
        const where = [namespace, Date.now(), prefix, prefix] as const;
        const total = database.prepare(`select count(*) as count ${selectLive}`).get(...where);
        const rows = database
          .prepare(`select key, updated_at ${selectLive} order by key limit ? offset ?`)
          .all(...where, size, (page - 1) * size);
        return {
          Keys: rows.map((row) => ({ Name: row.key, UpdateTime: row.updated_at })),
          TotalCount: total?.count,
          PageNumber: page,
          PageSize: size,
        };
      },
    },
  };
  return actions;
}

/** Everything a freshly started edge needs to know. */
export function allKvEntries({ database }: EsaState): KvEntry[] {
  return database
    .prepare('select namespace, key, value, expires_at from kv_entries')
    .all()
    .map((row) => ({
      namespace: String(row.namespace),
      key: String(row.key),
      value: row.value as Uint8Array,
      expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
    }));
}
