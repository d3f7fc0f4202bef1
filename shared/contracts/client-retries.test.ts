import { expect, test } from 'vitest';
import { ApiError, createClient } from './client.ts';

type Reply = Response | Error;

/** A client whose network gives these replies, one after the other. */
function clientGetting(replies: Reply[], times = 3) {
  const sent: { readonly method: string; readonly key: string | null; readonly body: string }[] = [];
  const pauses: number[] = [];
  const client = createClient({
    origin: 'https://api.example',
    token: 'a token',
    fetch: async (input, init) => {
      const request = new Request(input, init);
      sent.push({ method: request.method, key: request.headers.get('idempotency-key'), body: await request.text() });
      const reply = replies.shift();
      if (reply === undefined) throw new Error('asked once too often');
      if (reply instanceof Error) throw reply;
      return reply;
    },
    retry: { times, pause: async (milliseconds) => void pauses.push(milliseconds) },
  });
  return { client, sent, pauses };
}

const lost = new TypeError('fetch failed');
const error = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ error: { code, message: code } }, { status, headers });
const user = () =>
  Response.json({ data: { id: 'usr_1', github_login: 'ada', created_at: '2031-02-03T04:05:06.000Z' } });
const importProject = (client: ReturnType<typeof createClient>) =>
  client('createProject', { body: { repo: 'ada/site' } }).catch((thrown: unknown) => thrown);

test('a retried POST has the same body and key, so that it is executed once', async () => {
  const { client, sent } = clientGetting([
    lost,
    error(503, 'database_unavailable'),
    error(409, 'idempotency_key_in_use'),
    error(409, 'slug_unavailable'),
  ]);
  expect(await importProject(client)).toMatchObject({ code: 'slug_unavailable' });
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map((each) => JSON.stringify(each))).size).toBe(1);
  expect(sent[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
});

test('two calls have two keys, unless the caller gives one', async () => {
  const { client, sent } = clientGetting([error(422, 'x'), error(422, 'x'), error(422, 'x')]);
  await importProject(client);
  await importProject(client);
  await client('createProject', { body: { repo: 'ada/site' }, idempotencyKey: 'mine' }).catch(() => {});
  expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
  expect(sent[2]?.key).toBe('mine');
});

test('it waits as long as the response says, else longer each time', async () => {
  const { client, pauses } = clientGetting([lost, lost, error(429, 'rate_limited', { 'retry-after': '7' }), user()]);
  expect((await client('getUser', {})).data.github_login).toBe('ada');
  expect(pauses).toEqual([250, 500, 7000]);
});

test('permanent errors are not retried', async () => {
  for (const status of [400, 401, 403, 404, 409, 412, 413, 415, 422, 428]) {
    const { client, sent } = clientGetting([error(status, 'x')]);
    expect(await importProject(client)).toBeInstanceOf(ApiError);
    expect(sent).toHaveLength(1);
  }
});

test('it gives up after the given number of retries, with the last error', async () => {
  const { client, sent } = clientGetting([lost, lost, error(503, 'last')], 2);
  expect(await importProject(client)).toMatchObject({ status: 503, code: 'last' });
  expect(sent).toHaveLength(3);
});
