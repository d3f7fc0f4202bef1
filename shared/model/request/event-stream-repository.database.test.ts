import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const ADA = '01893726-efee-7f02-8fbf-9f2b7bc2f910';
const BOB = '01893726-efee-7f02-8fbf-9f2b7bc2f911';

let stored: TestStore;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(() => stored.empty());
afterAll(() => stored.close());

const open = (userId: string) => stored.store.eventStreams.open(userId, 5, 45);

test('of streams opened concurrently exactly as many succeed as a user may have', async () => {
  const opened = await Promise.all(Array.from({ length: 12 }, () => open(ADA)));
  const slots = opened.flatMap((stream) => stream?.slot ?? []);
  expect(slots.sort()).toEqual([1, 2, 3, 4, 5]);
  expect((await open(BOB))?.slot).toBe(1);
});

test('a stream that ends frees its slot', async () => {
  const streams = [];
  for (let n = 0; n < 5; n++) streams.push(await open(ADA));
  expect(await open(ADA)).toBeUndefined();
  const third = streams[2];
  if (third) await stored.store.eventStreams.close(third);
  expect((await open(ADA))?.slot).toBe(3);
});

test("a crashed instance's slot is freed when its lease expires, and the instance cannot take it back", async () => {
  const lost = await open(ADA);
  for (let n = 0; n < 4; n++) await open(ADA);
  await stored.moveClock(25);
  if (lost) await stored.store.eventStreams.renew(lost, 45);
  await stored.moveClock(25);
  for (const slot of [2, 3, 4, 5]) expect((await open(ADA))?.slot).toBe(slot);
  expect(await open(ADA)).toBeUndefined();
  await stored.moveClock(21);
  expect((await open(ADA))?.slot).toBe(1);
  if (lost) await stored.store.eventStreams.close(lost);
  expect(await open(ADA)).toBeUndefined();
  await stored.moveClock(46);
  expect(await stored.store.eventStreams.forgetLost(10)).toBe(5);
});
