import { expect, test } from 'vitest';
import { ApiError, createStreams } from './client.ts';

const entry = (text: string) => ({ at: '2031-02-03T04:05:06.000Z', attempt: 1, text });
const log = (id: string) => `id: ${id}\nevent: log\ndata: ${JSON.stringify(entry(id))}\n\n`;
const END = 'event: end\ndata: {}\n\n';
const params = { project: 'site', deployment: 'dep_1' };

type Reply = Error | Response | { readonly sent: string; readonly breaksOff?: boolean };

const body = (text: string, breaksOff: boolean) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (!breaksOff) controller.close();
    },
    pull(controller) {
      controller.error(new TypeError('terminated'));
    },
  });

/** What a reader sees of a stream whose connections give these replies, one after the other. */
async function read(replies: Reply[], signal?: AbortSignal) {
  const askedAfter: (string | null)[] = [];
  const pauses: number[] = [];
  const seen: string[] = [];
  const streams = createStreams({
    origin: 'https://api.example',
    token: 'a-token',
    fetch: async (input, init) => {
      askedAfter.push(new Request(input, init).headers.get('last-event-id'));
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply === undefined || reply instanceof Error) throw reply ?? new Error('asked once too often');
      return reply instanceof Response ? reply.clone() : new Response(body(reply.sent, reply.breaksOff ?? false));
    },
    pause: async (milliseconds) => void pauses.push(milliseconds),
  });
  let thrown: unknown;
  try {
    for await (const { data } of streams('streamDeploymentLogs', { params, ...(signal && { signal }) })) {
      if ('text' in data) seen.push(data.text);
    }
  } catch (error) {
    thrown = error;
  }
  return { seen, askedAfter, pauses, thrown };
}

const lost = new TypeError('fetch failed');
const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ error: { code, message: code } }, { status, headers });

test('a stream that breaks off, or closes without an end event, continues after the last event received', async () => {
  const { seen, askedAfter, thrown } = await read([
    { sent: log('1') + log('2'), breaksOff: true },
    { sent: `${log('3')}id: 4\nevent: log\nda` },
    { sent: log('4') + END },
  ]);
  expect(thrown).toBeUndefined();
  expect(seen).toEqual(['1', '2', '3', '4']);
  expect(askedAfter).toEqual([null, '2', '3']);
});

test('it retries while the platform is unavailable, after the time in the response, else after longer each time', async () => {
  const { seen, pauses } = await read([
    lost,
    lost,
    refusal(429, 'rate_limited', { 'retry-after': '15' }),
    { sent: log('1') + END },
  ]);
  expect(seen).toEqual(['1']);
  expect(pauses).toEqual([250, 500, 15_000]);
});

test('it gives up on a platform that stays unavailable, with the error', async () => {
  const { pauses, thrown } = await read([lost]);
  expect(thrown).toBe(lost);
  expect(pauses).toHaveLength(7);
  expect((await read([{ sent: '' }])).thrown).toBeInstanceOf(TypeError);
});

test('an event resets the number of retries', async () => {
  const { seen, thrown } = await read([
    ...Array.from({ length: 30 }, (_, n) => ({ sent: log(`${n}`) })),
    { sent: END },
  ]);
  expect(thrown).toBeUndefined();
  expect(seen).toHaveLength(30);
});

test('a permanent error is thrown at once', async () => {
  for (const [status, code] of [
    [401, 'unauthorized'],
    [404, 'not_found'],
    [409, 'resync'],
  ] as const) {
    const { thrown, askedAfter } = await read([refusal(status, code)]);
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({ status, code });
    expect(askedAfter).toHaveLength(1);
  }
});

test('no request is made for a reader who has gone', async () => {
  const { askedAfter } = await read([{ sent: log('1') }], AbortSignal.abort());
  expect(askedAfter).toEqual([]);
});
