import { outbox } from '@miaobu/shared/db/outbox';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { takeUpInterrupted } from './take-up-interrupted.ts';

let stored: TestStore;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(() => stored.empty());
afterAll(() => stored.close());

const takeUp = (event: { after_stop?: boolean }) => takeUpInterrupted({ store: stored.store })(event);
const claim = (owner: string) => outbox(stored.db).claim(owner, ['purge'], 10, 120);

test('what a stopped worker held is due at once, and the worker is fenced', async () => {
  await stored.store.enqueue({ topic: 'purge', lane: 'a', dedupeKey: 'a', payload: {}, requestId: 'r' });
  const [held] = await claim('stopped');
  if (!held) throw new Error('nothing was claimed');
  expect(await claim('next')).toEqual([]);

  await takeUp({});
  expect(await claim('next')).toEqual([]);

  await takeUp({ after_stop: true });
  expect(await claim('next')).toMatchObject([{ id: held.id, attempts: 2 }]);
  await expect(stored.store.finish(held)).rejects.toMatchObject({ code: 'lease_lost' });
});

test('a build that was under way is looked after when deploy works next, however lately it was heard of', async () => {
  const site = await prepareSite(stored);
  const { id } = await queueTestDeployment(stored, site);
  await dispatchAttempt(stored, id);
  const overdue = async () => (await stored.store.overdueDeployments.list(10)).map((found) => found.id);

  await takeUp({});
  expect(await overdue()).toEqual([]);
  await takeUp({ after_stop: true });
  expect(await overdue()).toEqual([id]);
});
