import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import type { Bucket } from './rate-limit-repository.ts';

let stored: TestStore;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(() => stored.empty());
afterAll(() => stored.close());

/** Refills within an hour: so slowly that nothing comes back while a test works. */
const bucket = (name: string, capacity: number, ofUser = false): Bucket => ({
  name,
  capacity,
  perSecond: capacity / 3600,
  ofUser,
});
const granted = async (wanted: Bucket) => (await stored.store.rateLimits.take([wanted]))[0]?.granted;

test('of concurrent callers exactly as many pass as there are tokens, also the first time', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => granted(bucket('address', 20))));
  expect(answers.filter(Boolean)).toHaveLength(20);
});

test('tokens refill over time, never beyond the capacity', async () => {
  const wanted = bucket('address', 20);
  for (let n = 0; n < 20; n++) expect(await granted(wanted)).toBe(true);
  expect(await granted(wanted)).toBe(false);
  await stored.moveClock(180);
  expect(await stored.store.rateLimits.take([wanted])).toEqual([
    { name: 'address', granted: true, tokens: expect.closeTo(0, 0) },
  ]);
  expect(await granted(wanted)).toBe(false);
  await stored.moveClock(24 * 3600);
  expect((await stored.store.rateLimits.take([wanted]))[0]?.tokens).toBe(19);
});

test('a refused caller loses nothing by asking again', async () => {
  const wanted = bucket('address', 1);
  await granted(wanted);
  for (let n = 0; n < 10; n++) expect(await granted(wanted)).toBe(false);
  await stored.moveClock(3601);
  expect(await granted(wanted)).toBe(true);
});

test('one statement takes from several buckets, each with its own answer', async () => {
  await granted(bucket('small', 1));
  const taken = await stored.store.rateLimits.take([bucket('small', 1), bucket('big', 10)]);
  expect(taken.map(({ name, granted }) => [name, granted]).sort()).toEqual([
    ['big', true],
    ['small', false],
  ]);
});

test("a user's bucket is shared by all of the user's credentials, and does not apply without a user", async () => {
  const { store } = stored;
  const [ada, bob] = [
    await store.accounts.upsertUser({ githubId: 1, githubLogin: 'ada' }),
    await store.accounts.upsertUser({ githubId: 2, githubLogin: 'bob' }),
  ];
  const tokens = [mintApiToken(), mintApiToken()];
  for (const { sha256, prefix } of tokens) {
    await store.accounts.insertApiToken({ userId: ada.id, name: 'test', prefix, sha256, scopes: [] });
  }
  const wanted = [bucket('user', 2, true)];
  const by = async (caller: Parameters<typeof store.rateLimits.take>[1]) =>
    (await store.rateLimits.take(wanted, caller))[0]?.granted;
  expect(await by({ apiTokenSha256: tokens[0]?.sha256 })).toBe(true);
  expect(await by({ userId: ada.id })).toBe(true);
  expect(await by({ apiTokenSha256: tokens[1]?.sha256 })).toBe(false);
  expect(await by({ userId: bob.id })).toBe(true);
  expect(await by({ apiTokenSha256: mintApiToken().sha256 })).toBeUndefined();
  expect(await by({})).toBeUndefined();
  await stored.db.query(sql`update api_tokens set revoked_at = db_now()`);
  expect(await by({ apiTokenSha256: tokens[0]?.sha256 })).toBeUndefined();
});

test('a bucket that is full again is deleted', async () => {
  await stored.store.rateLimits.take([bucket('one', 60), bucket('other', 1)]);
  await stored.moveClock(61);
  expect(await stored.store.rateLimits.forgetFull(10)).toBe(1);
  expect(await stored.db.query(sql`select bucket from rate_limits`)).toEqual([{ bucket: 'other' }]);
});
