import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sendAlert } from '../../../functions/deploy/send-alert.ts';
import { workerUnderTest } from '../../../tests/database/deploy-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Alert } from '../../ports/alert-channel.ts';
import type { TopicHandler } from './work-outbox.ts';

let own: TestStore;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(() => own.empty());
afterAll(() => own.close());

const state = async () => (await own.store.breakers.list()).find(({ provider }) => provider === 'esa')?.state;
const fail = async (times: number) => {
  for (let i = 0; i < times; i++) await own.store.breakers.recordFailure('esa');
};
const put = (hostname: string, maxAttempts = 20) =>
  own.store.enqueue({
    topic: 'route.publish',
    lane: `route:${hostname}`,
    dedupeKey: `route.publish:${hostname}`,
    payload: { hostname },
    requestId: 'request-1',
    maxAttempts,
  });

test('ten failures in a row within half a minute open a breaker, nine do not', async () => {
  await fail(9);
  expect(await state()).toBe('closed');
  await fail(1);
  expect(await state()).toBe('open');
});

test('failures that are far apart do not add up', async () => {
  for (let i = 0; i < 12; i++) {
    await fail(1);
    await own.moveClock(31);
  }
  expect(await state()).toBe('closed');
});

test('after a quarter of a minute one call tries: its failure opens the breaker again at once, its success ends it', async () => {
  await fail(10);
  await own.moveClock(16);
  expect(await state()).toBe('trying');
  await fail(1);
  expect(await state()).toBe('open');
  await own.moveClock(16);
  await own.store.breakers.recordSuccess('esa');
  expect(await state()).toBeUndefined();
});

test('one provider that is down keeps nothing waiting that does not need it', async () => {
  await fail(10);
  expect(await own.store.breakers.list()).toEqual([{ provider: 'esa', state: 'open' }]);
  const published: string[] = [];
  const sent: string[] = [];
  await put('a.example');
  await own.store.enqueue({
    topic: 'commit.status',
    lane: 'status',
    dedupeKey: 'status',
    payload: { environment_id: '0198c0de-0000-7000-8000-000000000000', commit_sha: 'a'.repeat(40) },
    requestId: 'request-1',
  });
  const handlers = {
    'route.publish': {
      work: async ({ hostname }) => void published.push(hostname),
    } as TopicHandler<'route.publish'>,
    'commit.status': { work: async () => void sent.push('status') } as TopicHandler<'commit.status'>,
  };
  await workerUnderTest(own)(handlers);
  expect([published, sent]).toEqual([[], ['status']]);
  const [waiting] = await own.messages('route.publish');
  expect(waiting).toMatchObject({ state: 'pending', attempts: 0 });

  await own.moveClock(16);
  await workerUnderTest(own)(handlers);
  expect(published).toEqual(['a.example']);
  expect(await own.store.breakers.list()).toEqual([]);
});

test('the operator is told once about what was given up', async () => {
  await put('a.example');
  const alerts: Alert[] = [];
  const handlers = {
    'route.publish': {
      work: () => Promise.reject(new AppError('vendor_rejected')),
    } as TopicHandler<'route.publish'>,
    'alert.send': sendAlert({ store: own.store, alertChannel: { send: async (alert) => void alerts.push(alert) } }),
  };
  await workerUnderTest(own)(handlers);
  expect(alerts).toMatchObject([
    { kind: 'dead_letter', topic: 'route.publish', error: 'vendor_rejected', attempts: 1 },
  ]);
  await workerUnderTest(own)(handlers);
  expect(alerts).toHaveLength(1);
});
