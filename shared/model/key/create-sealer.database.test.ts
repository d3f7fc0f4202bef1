import { randomBytes } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { encrypt } from '@miaobu/shared/kernel/authenticated-encryption';
import { deriveKey } from '@miaobu/shared/kernel/seal';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { ACTIVE_SECONDS, createSealer, type Deps } from './create-sealer.ts';

let stored: TestStore;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(() => stored.empty());
afterAll(() => stored.close());

const PROJECT = '0192f0a1-0000-7000-8000-000000000001';
const OTHER = '0192f0a1-0000-7000-8000-000000000002';
const context = (projectId = PROJECT) => `project:${projectId}:webhook-secret`;
const unreadable = { code: 'secret_unreadable' };

/** Another instance, with empty caches. */
const instance = (more: Partial<Deps> = {}) =>
  createSealer({ store: stored.store, rootKeys: { current: stored.rootKey }, ...more });
const fresh = () => randomBytes(32).toString('base64url');
const alarms = () =>
  stored.db.query<{ subject: string; details: { problem: string }; projectId: string | null }>(sql`
    select subject, details, project_id from audit_log where action = 'secret.unreadable' order by id`);

test('a secret opens in its context, also in an instance that has not seen it', async () => {
  const sealed = await stored.sealer.seal('s3cret 秘密', { project: PROJECT, context: context() });
  expect(await stored.sealer.open(sealed, context())).toBe('s3cret 秘密');
  expect(await instance().open(sealed, context())).toBe('s3cret 秘密');
  expect(sealed).toMatch(/^v2\.[0-9a-f-]{36}\.[\w-]+$/);
  expect(await alarms()).toEqual([]);
});

test('the same secret is sealed differently each time, always with a fresh nonce', async () => {
  const seal = await stored.sealer.sealing(PROJECT);
  const nonces = Array.from({ length: 20_000 }, () => seal('x', context()).split('.')[2]?.slice(0, 16));
  expect(new Set(nonces).size).toBe(nonces.length);
});

test('each project has its own key, and accounts and platform have one', async () => {
  const keyOf = async (project?: string) =>
    (await stored.sealer.seal('x', { ...(project && { project }), context: 'c' })).split('.')[1];
  const keys = [await keyOf(PROJECT), await keyOf(OTHER), await keyOf(), await keyOf(PROJECT)];
  expect(new Set(keys).size).toBe(3);
  expect(keys[3]).toBe(keys[0]);
});

test("instances that store a project's first secret at the same time create one key", async () => {
  const sealed = await Promise.all(
    Array.from({ length: 8 }, () => instance().seal('x', { project: PROJECT, context: context() })),
  );
  expect(new Set(sealed.map((each) => each.split('.')[1])).size).toBe(1);
  expect(await stored.db.query(sql`select count(*) from key_ring union all select count(*) from data_keys`)).toEqual([
    { count: 1 },
    { count: 1 },
  ]);
});

test('S-K1: a value that was moved, cut, changed, or given another key does not open, and the operator is told once', async () => {
  const mine = await stored.sealer.seal('mine', { project: PROJECT, context: context() });
  const theirs = await stored.sealer.seal('theirs', { project: OTHER, context: context(OTHER) });
  const [, myKey = '', encrypted = ''] = mine.split('.');
  const [, theirKey = ''] = theirs.split('.');
  const bytes = Buffer.from(encrypted, 'base64url');
  const flipped = (at: number) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return `v2.${myKey}.${changed.toString('base64url')}`;
  };
  const wrong = [
    theirs,
    `v2.${theirKey}.${encrypted}`,
    `v2.${OTHER}.${encrypted}`,
    `v1.${encrypted}`,
    flipped(0),
    flipped(13),
    flipped(bytes.length - 1),
    `v2.${myKey}.${encrypted.slice(0, 8)}`,
    `v2.${myKey}.`,
  ];
  for (const sealed of wrong) await expect(instance().open(sealed, context())).rejects.toMatchObject(unreadable);
  expect(await instance().open(mine, context())).toBe('mine');
  expect(await alarms()).toMatchObject([{ subject: context(), projectId: PROJECT }]);
  expect((await stored.messages('alert.send')).map(({ state }) => state)).toEqual(['pending']);
  expect(JSON.stringify(await alarms())).not.toMatch(/mine|theirs/);
});

test.each(['', 'plain text', 'v1.', 'v2.abcd', 'v2.x.y', 'v3.a.b', 'gAAAAABm'])(
  'the text %j is never mistaken for a secret, nor returned',
  async (text) => {
    await expect(stored.sealer.open(text, 'row')).rejects.toMatchObject(unreadable);
  },
);

test('S-K1: a key that was moved to another owner, or swapped for another, opens nothing', async () => {
  const mine = await stored.sealer.seal('mine', { project: PROJECT, context: context() });
  await stored.sealer.seal('theirs', { project: OTHER, context: context(OTHER) });
  await stored.db.query(sql`
    update data_keys d set wrapped = o.wrapped from data_keys o where d.project_id = ${PROJECT} and o.project_id = ${OTHER}`);
  await expect(instance().open(mine, context())).rejects.toMatchObject(unreadable);
  await stored.db.query(sql`delete from data_keys where project_id = ${OTHER}`);
  await stored.db.query(sql`update data_keys set project_id = ${OTHER}`);
  await expect(instance().seal('new', { project: OTHER, context: context(OTHER) })).rejects.toMatchObject(unreadable);
});

test('a value sealed with the current or previous root key itself still opens, and only in its context', async () => {
  const sealed = `v1.${encrypt(deriveKey(stored.rootKey, 'seal'), 'old', 'row:1')}`;
  expect(await instance().open(sealed, 'row:1')).toBe('old');
  const rootKeys = { current: fresh(), previous: stored.rootKey };
  expect(await instance({ rootKeys }).open(sealed, 'row:1')).toBe('old');
  await expect(instance().open(sealed, 'row:2')).rejects.toMatchObject(unreadable);
  await expect(instance({ rootKeys: { current: fresh() } }).open(sealed, 'row:1')).rejects.toMatchObject(unreadable);
});

test("a wrong root key is reported with both keys' names, before anything is written and on first use", async () => {
  const sealed = await stored.sealer.seal('x', { context: 'row' });
  const wrong = instance({ rootKeys: { current: fresh() } });
  const message = expect.stringMatching(
    `^the keys in this database are under the root key ${stored.sealer.rootKeyId}, and this is ${wrong.rootKeyId}: set MIAOBU_ROOT_KEY`,
  );
  await expect(wrong.assertOpens()).rejects.toMatchObject({ ...unreadable, message });
  await expect(wrong.open(sealed, 'row')).rejects.toMatchObject({ ...unreadable, message });
  await expect(wrong.seal('y', { context: 'row' })).rejects.toMatchObject({ ...unreadable, message });
  await expect(instance({ rootKeys: { current: fresh(), previous: stored.rootKey } }).assertOpens()).resolves.toBe(
    undefined,
  );
  expect(message.toString()).not.toContain(stored.rootKey);
});

test('a key is fetched once, however many values are opened concurrently and later', async () => {
  const sealed = await stored.sealer.seal('x', { project: PROJECT, context: context() });
  let asked = 0;
  const keys: Deps['store']['keys'] = {
    ...stored.store.keys,
    findDataKey(id) {
      asked += 1;
      return stored.store.keys.findDataKey(id);
    },
  };
  const counting = instance({ store: { ...stored.store, keys } });
  await Promise.all(Array.from({ length: 20 }, () => counting.open(sealed, context())));
  await counting.open(sealed, context());
  expect(asked).toBe(1);
});

test('a retired key opens what it has sealed; new values get a new key within a minute, in the retiring instance at once', async () => {
  let now = 0;
  const elsewhere = instance({ monotonicMs: () => now });
  const place = { project: PROJECT, context: context() };
  const before = await elsewhere.seal('x', place);
  const keyOf = (sealed: string) => sealed.split('.')[1];
  await stored.store.keys.retireDataKeys(PROJECT);
  expect(keyOf(await elsewhere.seal('x', place))).toBe(keyOf(before));
  now += ACTIVE_SECONDS * 1000;
  expect(keyOf(await elsewhere.seal('x', place))).not.toBe(keyOf(before));
  expect(await instance().open(before, context())).toBe('x');
  await stored.store.keys.retireDataKeys(PROJECT);
  const last = keyOf(await elsewhere.seal('x', place));
  elsewhere.forgetKeys();
  expect(keyOf(await elsewhere.seal('x', place))).not.toBe(last);
});

test("a project's keys are deleted with it, so old copies of its secrets become unreadable", async () => {
  const { project } = await importProject(stored, { slug: 'blog' });
  const other = await importProject(stored, { slug: 'shop' });
  const sealed = project.webhookSecretSealed;
  expect(await instance().open(sealed, context(project.id))).not.toBe('');
  await stored.store.transaction(async ({ projects }) => {
    await projects.startDeleting(project.id);
    await projects.delete(project.id);
  });
  await expect(instance().open(sealed, context(project.id))).rejects.toMatchObject(unreadable);
  expect(await instance().open(other.project.webhookSecretSealed, context(other.project.id))).toBe(other.webhookSecret);
});

test('without the database a secret is unavailable, not unreadable', async () => {
  const sealed = await stored.sealer.seal('x', { context: 'row' });
  const away = instance({
    store: {
      ...stored.store,
      keys: { ...stored.store.keys, findDataKey: () => Promise.reject(new Error('the database is away')) },
    },
  });
  await expect(away.open(sealed, 'row')).rejects.toThrow('the database is away');
  expect(await alarms()).toEqual([]);
});
