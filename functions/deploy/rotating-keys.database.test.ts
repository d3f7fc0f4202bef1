import { randomBytes } from 'node:crypto';
import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { encrypt } from '@miaobu/shared/kernel/authenticated-encryption';
import { deriveKey } from '@miaobu/shared/kernel/seal';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { FIRST_VERSION, resealMessage, rewrapMessage, SETTLED_SECONDS } from '@miaobu/shared/model/key/key-messages';
import type { RootKeys } from '@miaobu/shared/model/key/root-keys';
import { sealedColumns } from '@miaobu/shared/model/key/sealed-columns';
import { workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type StoredSecrets, storeEverySecret } from '../../tests/database/store-every-secret.ts';
import { renewKeys } from './renew-keys.ts';
import { resealValues } from './reseal-values.ts';
import { rewrapKeys } from './rewrap-keys.ts';

let stored: TestStore;
let everything: StoredSecrets;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  everything = await storeEverySecret(stored);
  await stored.db.query(sql`delete from outbox`);
});
afterAll(() => stored.close());

const fresh = () => randomBytes(32).toString('base64url');
const own = (): RootKeys => ({ current: stored.rootKey });
const context = () => ({
  requestId: 'test',
  log: createLog({}, () => {}),
  signal: new AbortController().signal,
});
/** Reads every secret in an instance with empty caches. */
const readAll = (rootKeys = own()) => everything.read(createSealer({ store: stored.store, rootKeys }));

/** One wake-up of `deploy` in its own instance, for keys only. */
async function deploy({ rootKeys = own(), store = stored.store }: { rootKeys?: RootKeys; store?: Store } = {}) {
  const sealer = createSealer({ store: stored.store, rootKeys });
  const handlers = { 'keys.rewrap': rewrapKeys({ store, rootKeys }), 'keys.reseal': resealValues({ store, sealer }) };
  let now = 0;
  await workOutbox(
    {
      outbox: outbox(stored.db),
      store,
      owner: 'test',
      monotonicMs: () => now,
      // Sleeping ends at once, as if the time were up.
      sleep: async () => {
        now += 3_600_000;
      },
    },
    handlers,
    context(),
    600,
  );
}

/** Works until nothing is pending, whatever time that takes. */
async function settle(rootKeys = own()) {
  for (let rounds = 0; rounds < 20; rounds++) {
    await deploy({ rootKeys });
    const open = (await stored.messages()).filter(({ state }) => state === 'pending' || state === 'leased');
    if (open.length === 0) return;
    await stored.moveClock(20 * 60);
  }
  throw new Error('the work on keys does not end');
}

const ringKeys = () => stored.store.keys.listRingKeys();
const dataKeyIds = async () =>
  (await stored.db.query<{ id: string }>(sql`select id from data_keys order by id`)).map(({ id }) => id);
const countOf = async (beginning: string) => {
  let count = 0;
  for (const column of sealedColumns)
    count += await stored.store.sealedValues.count(column, { beginning, projectId: null });
  return count;
};

test('S-K2: a new ring key takes over all data keys, and the old one is deleted; no value is touched', async () => {
  const [before] = await ringKeys();
  const values = await stored.db.query(sql`select sealed from environment_variables order by id`);
  await stored.store.keys.retireRingKey();
  await stored.store.enqueue(rewrapMessage('test'));
  await settle();
  const after = await ringKeys();
  expect(after).toMatchObject([{ retiredAt: null, dataKeys: 3 }]);
  expect(after[0]?.id).not.toBe(before?.id);
  expect(await stored.db.query(sql`select sealed from environment_variables order by id`)).toEqual(values);
  expect(await readAll()).toEqual(everything.secrets);
});

test('S-K2: new data keys take over every value, and the old ones are deleted', async () => {
  const before = await dataKeyIds();
  expect(before).toHaveLength(3);
  expect(await stored.store.keys.retireDataKeys()).toBe(3);
  await stored.store.enqueue(rewrapMessage('test', SETTLED_SECONDS));
  await settle();
  const after = await dataKeyIds();
  expect(after).toHaveLength(3);
  expect(after.filter((id) => before.includes(id))).toEqual([]);
  for (const id of before) expect(await countOf(`v2.${id}.`)).toBe(0);
  expect(await countOf('v2.')).toBeGreaterThanOrEqual(11);
  expect(await readAll()).toEqual(everything.secrets);
  const deleted = await stored.db.query<{ subject: string }>(
    sql`select subject from audit_log where action = 'data_key.deleted' order by subject`,
  );
  expect(deleted.map(({ subject }) => subject)).toEqual(before);
});

test('S-K2: a new data key of one project leaves all others alone', async () => {
  const before = await dataKeyIds();
  await stored.store.keys.retireDataKeys(everything.projectIds[0]);
  await stored.store.enqueue(rewrapMessage('test', SETTLED_SECONDS));
  await settle();
  expect((await dataKeyIds()).filter((id) => before.includes(id))).toHaveLength(2);
  expect(await readAll()).toEqual(everything.secrets);
});

test('S-K2: a new root key takes over the ring and what was sealed with the old one, which is then no longer needed', async () => {
  const userContext = `user:${(await stored.store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' })).id}:github-token`;
  const old = `v1.${encrypt(deriveKey(stored.rootKey, 'seal'), everything.secrets['GitHub token'] ?? '', userContext)}`;
  await stored.db.query(sql`update users set github_token_sealed = ${old}`);
  const rootKeys = { current: fresh(), previous: stored.rootKey };
  expect(await readAll(rootKeys)).toEqual(everything.secrets);
  await expect(readAll({ current: rootKeys.current })).rejects.toMatchObject({ code: 'secret_unreadable' });
  await stored.db.query(sql`delete from outbox`);

  await stored.store.enqueue(rewrapMessage('test'), resealMessage({ from: FIRST_VERSION }, 'test'));
  await settle(rootKeys);
  expect(await countOf('v1.')).toBe(0);
  expect(await readAll({ current: rootKeys.current })).toEqual(everything.secrets);
  await expect(createSealer({ store: stored.store, rootKeys: own() }).assertOpens()).rejects.toMatchObject({
    code: 'secret_unreadable',
  });
});

test('S-K2: while everything is rotated at once, no read fails and every new value can be read', async () => {
  let over = false;
  let reads = 0;
  const failures: unknown[] = [];
  const reading = (async () => {
    while (!over) {
      const read = await readAll().catch((error: unknown) => void failures.push(error));
      if (read) expect(read).toEqual(everything.secrets);
      reads += 1;
    }
  })();
  await stored.store.keys.retireRingKey();
  await stored.store.keys.retireDataKeys();
  await stored.store.enqueue(rewrapMessage('test'));
  await settle();
  over = true;
  await reading;
  expect(failures).toEqual([]);
  expect(reads).toBeGreaterThan(3);
  expect(await readAll()).toEqual(everything.secrets);
});

test('S-K2: a worker killed after any of its transactions, or in the middle of one, is followed by one that continues', async () => {
  const before = await dataKeyIds();
  await stored.store.keys.retireRingKey();
  await stored.store.keys.retireDataKeys();
  await stored.store.enqueue(rewrapMessage('test', SETTLED_SECONDS));
  let kills = 0;
  const idle = async () => (await stored.messages()).every(({ state }) => state === 'done' || state === 'cancelled');
  for (let round = 0; !(await idle()); round++) {
    if (round > 200) throw new Error('the work on keys does not end');
    await stored.moveClock(20 * 60);
    await outbox(stored.db).reap();
    const [message] = await outbox(stored.db).claim('victim', ['keys.rewrap', 'keys.reseal'], 1, 120);
    if (!message) continue;
    // The victim gets this far and disappears: half of its writes are lost with its transaction.
    const sealer = createSealer({ store: stored.store, rootKeys: own() });
    const lease = { token: message.leaseToken, assertTrusted: () => {} };
    const conclusion =
      message.topic === 'keys.rewrap'
        ? await rewrapKeys({ store: stored.store, rootKeys: own() }).work({}, lease, context())
        : await resealValues({ store: stored.store, sealer }).work(
            message.payload as unknown as { from: string },
            lease,
            context(),
          );
    const killed = round % 3 === 0;
    kills += killed ? 1 : 0;
    await stored.store
      .transaction(async (repositories) => {
        await conclusion?.(repositories);
        if (killed) throw new Error('SIGKILL');
        await repositories.finish(message);
      })
      .catch((error: Error) => {
        if (error.message !== 'SIGKILL') throw error;
      });
    expect(await readAll()).toEqual(everything.secrets);
  }
  expect(kills).toBeGreaterThan(3);
  expect((await dataKeyIds()).filter((id) => before.includes(id))).toEqual([]);
  expect(await ringKeys()).toMatchObject([{ retiredAt: null, dataKeys: 3 }]);
});

test('a value changed while its row is resealed keeps the change', async () => {
  const [projectId = ''] = everything.projectIds;
  await stored.store.keys.retireDataKeys(projectId);
  await stored.moveClock(SETTLED_SECONDS + 1);
  const key = (await stored.store.keys.listRetired({ seconds: SETTLED_SECONDS, limit: 1 }))[0]?.id ?? '';
  const sealer = createSealer({ store: stored.store, rootKeys: own() });
  const lease = { token: 1, assertTrusted: () => {} };
  const work = resealValues({ store: stored.store, sealer }).work(
    { from: key, column: 'environment_variables.sealed' },
    lease,
    context(),
  );
  const conclusion = await work;
  const changed = await sealer.seal('changed', {
    project: projectId,
    context: `project:${projectId}:production:variable:SECRET`,
  });
  await stored.db.query(sql`update environment_variables set sealed = ${changed} where project_id = ${projectId}`);
  await stored.store.transaction(async (repositories) => conclusion?.(repositories));
  const [variable] = await stored.store.variables.list(projectId);
  expect(variable?.sealed).toBe(changed);
});

test('an unreadable value is left alone, keeps its key and raises an alarm; everything else is resealed', async () => {
  await stored.db.query(sql`
    update environment_variables set sealed = (select webhook_secret_sealed from projects where projects.id = project_id)
     where project_id = ${everything.projectIds[0]}`);
  const before = await dataKeyIds();
  await stored.store.keys.retireDataKeys();
  await stored.store.enqueue(rewrapMessage('test', SETTLED_SECONDS));
  for (let rounds = 0; rounds < 6; rounds++) {
    await deploy();
    await stored.moveClock(20 * 60);
  }
  expect((await dataKeyIds()).filter((id) => before.includes(id))).toHaveLength(1);
  const alarms = await stored.db.query<{ subject: string }>(
    sql`select distinct subject from audit_log where action = 'secret.unreadable'`,
  );
  expect(alarms).toEqual([{ subject: `project:${everything.projectIds[0]}:production:variable:SECRET` }]);
});

test('keys are retired after a year, those of projects that were never created are deleted, and nothing else is', async () => {
  const before = await dataKeyIds();
  await stored.sealer.seal('x', { project: '0192f0a1-0000-7000-8000-00000000dead', context: 'x' });
  const renew = renewKeys({ store: stored.store });
  await stored.moveClock(360 * 24 * 3600);
  expect(await renew(context())).toBe(1);
  expect(await dataKeyIds()).toEqual(before);
  expect(await stored.messages('keys.rewrap')).toEqual([]);
  await stored.moveClock(366 * 24 * 3600);
  expect(await renew(context())).toBe(4);
  // Remembered for a day and then deleted anyway; here it is still resealed.
  await settle();
  expect((await dataKeyIds()).filter((id) => before.includes(id))).toEqual([]);
  expect(await ringKeys()).toHaveLength(1);
});
