import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendAlert } from '../../../functions/deploy/send-alert.ts';
import { workerUnderTest } from '../../../tests/database/deploy-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { Alert } from '../../ports/alert-channel.ts';
import { activateMessage } from '../deployment/activate-message.ts';
import { providerOfError, providersOf } from './providers.ts';
import type { TopicHandler } from './work-outbox.ts';

let own: TestStore;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(() => own.empty());
afterAll(() => own.close());

const ID = '0198c0de-0000-7000-8000-000000000000';
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

test('after a quarter of a minute one call tries: its failure reopens the breaker at once, its success closes it', async () => {
  await fail(10);
  await own.moveClock(16);
  expect(await state()).toBe('trying');
  await fail(1);
  expect(await state()).toBe('open');
  await own.moveClock(16);
  await own.store.breakers.recordSuccess('esa');
  expect(await state()).toBeUndefined();
});

test('a provider that is down delays only the work that needs it', async () => {
  await fail(10);
  expect(await own.store.breakers.list()).toEqual([{ provider: 'esa', state: 'open' }]);
  const published: string[] = [];
  const sent: string[] = [];
  await put('a.example');
  await own.store.enqueue({
    topic: 'commit.status',
    lane: 'status',
    dedupeKey: 'status',
    payload: { environment_id: ID, commit_sha: 'a'.repeat(40) },
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

describe('after the pause of a breaker', () => {
  /** Counts every call in progress at the provider, and answers when the test decides. */
  function slowProvider(answer: () => Promise<undefined>) {
    const begun: string[] = [];
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const handlers = {
      'route.publish': {
        async work({ hostname }) {
          begun.push(hostname);
          await released;
          return answer();
        },
      } as TopicHandler<'route.publish'>,
    };
    return { begun, handlers, release: () => release() };
  }
  const down = () => Promise.reject(new AppError('edge_unavailable'));
  const attempts = async () =>
    (await own.messages('route.publish')).reduce((sum, message) => sum + message.attempts, 0);

  beforeEach(async () => {
    await fail(10);
    for (let n = 0; n < 20; n++) await put(`${n}.example`);
    await own.moveClock(16);
  });

  test('one message tries, and while the provider is still down no other does', async () => {
    await workerUnderTest(own)({ 'route.publish': { work: down } as TopicHandler<'route.publish'> });
    expect([await attempts(), await state()]).toEqual([1, 'open']);
  });

  test('one message tries across all instances, for as long as it takes', async () => {
    const { begun, handlers, release } = slowProvider(down);
    const workers = ['a', 'b', 'c'].map((owner) => workerUnderTest(own)(handlers, { owner }));
    // Workers that find nothing to try return by themselves.
    await Promise.race([
      Promise.all([workers[0], workers[1]]),
      Promise.all([workers[1], workers[2]]),
      Promise.all([workers[0], workers[2]]),
    ]);
    expect(begun).toHaveLength(1);
    release();
    await Promise.all(workers);
    expect([await attempts(), await state()]).toEqual([1, 'open']);
  });

  test('everything resumes as soon as one message has succeeded', async () => {
    await workerUnderTest(own)({ 'route.publish': { work: async () => undefined } as TopicHandler<'route.publish'> });
    expect((await own.messages('route.publish')).map((message) => message.state)).toEqual(Array(20).fill('done'));
    expect(await own.store.breakers.list()).toEqual([]);
  });

  test('one that fails for an unrelated reason leaves the decision to the next', async () => {
    let tries = 0;
    const handler = {
      async work() {
        tries += 1;
        if (tries === 1) throw new AppError('artifact_invalid');
        if (tries === 2) return down();
        return undefined;
      },
    } as TopicHandler<'route.publish'>;
    await workerUnderTest(own)({ 'route.publish': handler });
    expect([tries, await state()]).toEqual([2, 'open']);
  });

  test('a worker that dies during its trial delays the others no longer than its lease', async () => {
    const dying = { work: () => Promise.reject(new AppError('lease_lost')) } as TopicHandler<'route.publish'>;
    expect(await own.store.breakers.takeTrials(['esa'], 120)).toEqual(['esa']);
    await workerUnderTest(own)({ 'route.publish': dying });
    expect(await attempts()).toBe(0);
    await own.moveClock(121);
    await workerUnderTest(own)({ 'route.publish': { work: async () => undefined } as TopicHandler<'route.publish'> });
    expect(await attempts()).toBe(20);
  });
});

test('a message that needs two providers tries both at once', async () => {
  for (const provider of ['esa', 'oss'] as const) {
    for (let i = 0; i < 10; i++) await own.store.breakers.recordFailure(provider);
  }
  await own.store.enqueue(activateMessage({ id: ID, environmentId: ID }, 'request-1'));
  await own.moveClock(16);
  await workerUnderTest(own)({
    'deployment.activate': { work: async () => undefined } as TopicHandler<'deployment.activate'>,
  });
  expect(await own.messages('deployment.activate')).toMatchObject([{ state: 'done' }]);
  expect(await own.store.breakers.list()).toEqual([]);
});

describe('a provider that asks to slow down', () => {
  const start = (lane: string) =>
    own.store.enqueue({
      topic: 'run.cancel',
      lane,
      dedupeKey: lane,
      payload: { deployment_id: ID, attempt: 1 },
      requestId: 'request-1',
    });
  const tries = async () => (await own.messages('run.cancel')).map(({ attempts }) => attempts);
  const throttling = (details: object): TopicHandler<'run.cancel'> => ({
    work: () => Promise.reject(new AppError('code_host_throttled', { details: { ...details } })),
  });

  test('with the first answer is left alone for as long as it asks, by all work with that token', async () => {
    await start('first');
    await workerUnderTest(own)({ 'run.cancel': throttling({ retryAfterSeconds: 90 }) });
    for (let n = 0; n < 5; n++) await start(`${n}`);
    const fine: TopicHandler<'run.cancel'> = { work: async () => undefined };
    await own.moveClock(80);
    await workerUnderTest(own)({ 'run.cancel': fine });
    expect(await tries()).toEqual([1, 0, 0, 0, 0, 0]);
    await own.moveClock(80);
    await workerUnderTest(own)({ 'run.cancel': fine });
    expect((await own.messages('run.cancel')).map(({ state }) => state)).toEqual(Array(6).fill('done'));
    expect(await own.store.breakers.list()).toEqual([]);
  });

  test('without naming a time is only counted', async () => {
    await start('first');
    await workerUnderTest(own)({ 'run.cancel': throttling({}) });
    expect(await own.store.breakers.list()).toEqual([{ provider: 'actions', state: 'closed' }]);
  });

  test('is left alone although a call that began before succeeds meanwhile', async () => {
    await own.store.breakers.recordFailure('actions', false, 60);
    await own.store.breakers.recordSuccess('actions');
    expect(await own.store.breakers.list()).toEqual([{ provider: 'actions', state: 'open' }]);
    await own.moveClock(61);
    await own.store.breakers.recordSuccess('actions');
    expect(await own.store.breakers.list()).toEqual([]);
  });

  test('a second time during its pause is not asked earlier than it said at first', async () => {
    await own.store.breakers.recordFailure('actions', false, 300);
    await own.store.breakers.recordFailure('actions', false, 60);
    await own.moveClock(200);
    expect(await own.store.breakers.list()).toEqual([{ provider: 'actions', state: 'open' }]);
  });
});

describe('that a provider asks to slow down', () => {
  test.each([
    ['a user’s token', 'commit.status', 'code_host_throttled', undefined, undefined],
    ['the platform’s own token', 'run.cancel', 'code_host_throttled', undefined, 'actions'],
    ['the edge', 'deployment.activate', 'vendor_throttled', 'edge', 'esa'],
    ['the bucket', 'deployment.activate', 'vendor_throttled', 'object_store', 'oss'],
    ['the DNS', 'hostname.connect', 'vendor_throttled', 'dns', 'alidns'],
  ] as const)('%s counts against the shared provider only', (_, topic, code, service, provider) => {
    const details = service === undefined ? {} : { details: { service } };
    expect(providerOfError(new AppError(code, details), topic)).toBe(provider);
  });

  test('does not affect the same provider with another credential', () => {
    expect(providersOf['build.start']).not.toContain('github');
    expect(providerOfError(new AppError('code_host_unavailable'), 'build.start')).toBe('actions');
    expect(providerOfError(new AppError('code_host_unavailable'), 'branch.sync')).toBe('github');
  });
});

test('the operator is alerted once about what was given up', async () => {
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
