import { sql } from '@miaobu/shared/db/sql';
import { encrypt } from '@miaobu/shared/kernel/authenticated-encryption';
import { showId } from '@miaobu/shared/kernel/ids';
import { deriveKey } from '@miaobu/shared/kernel/seal';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

let stored: TestStore;
let api: ApiUnderTest;
let admin: SignedUpUser;
let you: SignedUpUser;
let projectId: string;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  api = apiUnderTest(stored);
  admin = await api.signUp('admin');
  await stored.store.accounts.makeAdmin(admin.user.id);
  you = await api.signUp('you');
  projectId = (await importProject(stored, { slug: 'blog', owner: you.user })).project.id;
});
afterAll(() => stored.close());

const PATH = '/api/v1/platform/keys';
const rotate = (body: unknown, who = admin) =>
  who.ask('POST', `${PATH}/rotate`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const audited = () =>
  stored.db.query<{ actor: string; action: string; subject: string; details: unknown }>(
    sql`select actor, action, subject, details from audit_log order by id`,
  );
const pending = async () =>
  (await stored.messages()).filter(({ topic }) => topic.startsWith('keys.')).map(({ topic, state }) => [topic, state]);

test('the tree of keys is shown, but never a key itself', async () => {
  const { status, body, text } = await admin.ask('GET', PATH);
  expect([status, body.data]).toEqual([
    200,
    {
      root_key: stored.sealer.rootKeyId,
      ring_keys: [
        { root_key: stored.sealer.rootKeyId, created_at: expect.any(String), retired_at: null, data_keys: 2 },
      ],
      data_keys: { active: 2, retired: 0, oldest_active_at: expect.any(String) },
      values_under_root_key: 0,
      settled: true,
    },
  ]);
  const wrapped = await stored.db.query<{ wrapped: string }>(
    sql`select wrapped from key_ring union all select wrapped from data_keys`,
  );
  for (const secret of [stored.rootKey, ...wrapped.map((key) => key.wrapped)]) expect(text).not.toContain(secret);
});

test('values under the root key itself are counted', async () => {
  const old = `v1.${encrypt(deriveKey(stored.rootKey, 'seal'), 'x', 'somewhere')}`;
  await stored.db.query(sql`update users set github_token_sealed = ${old}`);
  expect((await admin.ask('GET', PATH)).body.data).toMatchObject({ values_under_root_key: 2, settled: false });
});

test('a new ring key is requested, recorded, and started at once', async () => {
  const { status, body } = await rotate({ what: 'ring_key' });
  expect(status).toBe(202);
  expect(body.data).toMatchObject({ ring_keys: [{ retired_at: expect.any(String), data_keys: 2 }], settled: false });
  expect(await pending()).toEqual([['keys.rewrap', 'pending']]);
  expect(api.rings).toHaveLength(1);
  expect(await audited()).toEqual([
    { actor: showId('user', admin.user.id), action: 'keys.rotated', subject: 'keys', details: { what: 'ring_key' } },
  ]);
});

test('new data keys are requested, for all projects or for one; the next secret gets a new one', async () => {
  const keyOf = async () => (await stored.sealer.seal('x', { project: projectId, context: 'x' })).split('.')[1];
  const before = await keyOf();
  const shown = showId('project', projectId);
  const one = await rotate({ what: 'data_keys', project: shown });
  expect([one.status, one.body.data]).toMatchObject([202, { data_keys: { active: 1, retired: 1 }, settled: false }]);
  expect(await keyOf()).not.toBe(before);
  const all = await rotate({ what: 'data_keys' });
  expect(all.body.data).toMatchObject({ data_keys: { active: 0, retired: 3, oldest_active_at: null } });
  expect(await pending()).toEqual([['keys.rewrap', 'pending']]);
  expect((await audited()).map(({ subject, details }) => [subject, details])).toEqual([
    [shown, { what: 'data_keys', retired: 1 }],
    ['keys', { what: 'data_keys', retired: 2 }],
  ]);
});

test('a new root key takes over the ring, and what was sealed with the root key itself', async () => {
  expect((await rotate({ what: 'root_key' })).status).toBe(202);
  expect((await pending()).sort()).toEqual([
    ['keys.reseal', 'pending'],
    ['keys.rewrap', 'pending'],
  ]);
});

test('with a root key that does not match the database nothing is rotated', async () => {
  const rootKeys = { current: Buffer.alloc(32, 1).toString('base64url') };
  const broken = apiUnderTest({ ...stored, sealer: createSealer({ store: stored.store, rootKeys }) });
  const headers = { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' };
  const { status, body } = await broken.ask('POST', `${PATH}/rotate`, { headers, body: '{"what":"data_keys"}' });
  expect([status, body.error?.code]).toEqual([500, 'secret_unreadable']);
  expect(await stored.store.keys.countDataKeys()).toMatchObject({ active: 2, retired: 0 });
  expect(await pending()).toEqual([]);
});

test.each([{}, { what: 'everything' }, { what: 'ring_key', project: 'prj_1' }, { what: 'root_key', key: 'x' }])(
  'rotating %j is refused',
  async (body) => {
    expect((await rotate(body)).status).toBe(422);
    expect(await audited()).toEqual([]);
  },
);

test('the data keys of a nonexistent project are not found', async () => {
  for (const project of ['prj_x', showId('project', '0192f0a1-0000-7000-8000-000000000000')]) {
    expect((await rotate({ what: 'data_keys', project })).status).toBe(404);
  }
  expect(await audited()).toEqual([]);
});

test('for everybody but administrators none of this exists', async () => {
  expect((await you.ask('GET', PATH)).status).toBe(404);
  expect((await rotate({ what: 'ring_key' }, you)).status).toBe(404);
  expect(await pending()).toEqual([]);
});
