import { endpoint } from '@miaobu/shared/contracts/endpoint';
import { noParams, noQuery } from '@miaobu/shared/contracts/pagination';
import { resumable } from '@miaobu/shared/contracts/preconditions';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../../tests/patience.ts';
import type { EventsAnswer, StreamedEvent } from '../operation.ts';

const PATH = '/api/v1/streams';
const table = {
  follow: endpoint({
    method: 'GET',
    path: PATH,
    summary: 'Streams numbers.',
    tag: 'account',
    access: 'account:read',
    params: noParams,
    query: noQuery,
    headers: resumable,
    body: null,
    answers: 'events',
    output: z.strictObject({ n: z.int() }),
    status: 200,
    paginated: false,
    errors: ['not_found'],
  }),
};
type Numbers = AsyncIterable<StreamedEvent<{ n: number }>>;

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let stopping: AbortController;
let source: (after: number, signal: AbortSignal) => Numbers;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  stopping = new AbortController();
  source = counting(3);
  const follow = async (
    { headers }: { headers: { 'last-event-id'?: string } },
    _: unknown,
    { signal }: { signal: AbortSignal },
  ): Promise<EventsAnswer<{ n: number }>> => ({ events: source(Number(headers['last-event-id'] ?? 0), signal) });
  api = apiUnderTest(own, { endpoints: { table, operations: { follow } }, stopping: stopping.signal });
  ada = await api.signUp('ada');
});
afterAll(() => own.close());

const counting = (to: number) =>
  async function* (after: number): Numbers {
    for (let n = after + 1; n <= to; n++) yield { id: String(n), event: 'number', data: { n } };
  };
/** Emits one event and then waits until it is told to end. */
async function* waiting(_: number, signal: AbortSignal): Numbers {
  yield { id: '1', data: { n: 1 } };
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
const open = (by: SignedUpUser, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  api.app.request(`${ORIGIN}${PATH}`, {
    headers: { authorization: `Bearer ${by.token}`, 'accept-encoding': 'br, gzip', ...headers },
    ...(signal && { signal }),
  });
const slots = async () => (await own.db.query(sql`select slot from event_streams`)).length;

test('a stream consists of events, is never stored, coded or buffered by a proxy, and resumes where its reader was', async () => {
  const response = await open(ada, { 'last-event-id': '2' });
  expect(await response.text()).toBe('retry: 1000\nid: 3\nevent: number\ndata: {"n":3}\n\nevent: end\ndata: {}\n\n');
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  expect(response.headers.get('content-encoding')).toBeNull();
});

test("HEAD requests take none of a user's stream slots", async () => {
  source = waiting;
  for (let n = 0; n < 7; n++) {
    const answer = await api.app.request(`${ORIGIN}${PATH}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${ada.token}` },
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  }
  expect(await slots()).toBe(0);
});

test('an error before the first event is an ordinary response', async () => {
  source = () => {
    throw new AppError('not_found');
  };
  const answer = await ada.ask('GET', PATH);
  expect([answer.status, answer.body.error?.code]).toEqual([404, 'not_found']);
  expect((await ada.ask('GET', `${PATH}?token=x`)).status).toBe(422);
  expect((await api.ask('GET', PATH)).status).toBe(401);
  expect(await slots()).toBe(0);
});

test('an event that violates the contract ends the stream; the log says why, the reader learns nothing', async () => {
  source = async function* () {
    yield { data: { n: 1 } };
    yield { data: { n: 2, secret: 'of ours' } };
  };
  const text = await (await open(ada)).text();
  expect(text).toBe('retry: 1000\ndata: {"n":1}\n\n');
  expect(api.log.find((line) => line.includes('stream failed'))).toContain('secret');
});

test('a user has five streams at a time; the sixth is 429, other users are unaffected', async () => {
  source = waiting;
  const streams = await Promise.all(Array.from({ length: 5 }, () => open(ada)));
  expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const sixth = await ada.ask('GET', PATH);
  expect([sixth.status, sixth.body.error]).toMatchObject([429, { details: { limit: 'streams', max: 5 } }]);
  expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0);
  const bob = await api.signUp('bob');
  const his = await open(bob);
  expect(his.status).toBe(200);
  await Promise.all([...streams, his].map(({ body }) => body?.cancel()));
  await expect.poll(slots, PATIENCE).toBe(0);
});

test('a stream that has ended frees its slot', async () => {
  await (await open(ada)).text();
  await expect.poll(slots, PATIENCE).toBe(0);
});

test('a reader who disconnects ends source and stream', async () => {
  let ended = 0;
  source = async function* (after, signal) {
    try {
      yield* waiting(after, signal);
    } finally {
      ended += 1;
    }
  };
  const cancelled = (await open(ada)).body?.getReader();
  await cancelled?.read();
  await cancelled?.read();
  await cancelled?.cancel();
  await expect.poll(slots, PATIENCE).toBe(0);
  const connection = new AbortController();
  const aborted = await open(ada, {}, connection.signal);
  const rest = aborted.text();
  connection.abort();
  expect(await rest).not.toContain('event: end');
  await expect.poll(slots, PATIENCE).toBe(0);
  expect(ended).toBeGreaterThan(0);
});

test('an instance that stops leaves its streams incomplete, so that their readers reconnect to another', async () => {
  source = waiting;
  const text = (await open(ada)).text();
  stopping.abort();
  expect(await text).not.toContain('event: end');
  await expect.poll(slots, PATIENCE).toBe(0);
});
