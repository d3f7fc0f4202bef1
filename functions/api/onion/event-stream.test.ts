import { expect, test } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import type { StreamedEvent } from '../operation.ts';
import { eventStream, type StreamOptions } from './event-stream.ts';

const never = new AbortController().signal;
const as = (data: number) => data;

async function* given(...events: StreamedEvent<number>[]) {
  yield* events;
}

/** Emits one event and then nothing, whatever the signal does. */
const stuck = (): AsyncIterable<StreamedEvent<number>> => ({
  [Symbol.asyncIterator]: () => {
    let first = true;
    return {
      next: () => {
        if (!first) return new Promise<never>(() => {});
        first = false;
        return Promise.resolve({ done: false, value: { data: 1 } });
      },
    };
  },
});

const read = (events: AsyncIterable<StreamedEvent<number>>, options: Partial<StreamOptions<number>> = {}) =>
  new Response(eventStream(events, { signal: never, parse: as, ...options })).text();

test('each event is a separate frame, and the last one says that the stream is complete', async () => {
  const text = await read(given({ id: 'a-1', event: 'line', data: 1 }, { data: 2 }));
  expect(text).toBe('retry: 1000\nid: a-1\nevent: line\ndata: 1\n\ndata: 2\n\nevent: end\ndata: {}\n\n');
});

test('data is validated by its schema; invalid data ends the stream without revealing why', async () => {
  const errors: unknown[] = [];
  const text = await read(given({ data: 1 }, { data: 2 }, { data: 3 }), {
    parse: (data) => {
      if (data === 2) throw new Error('a secret reason');
      return data * 10;
    },
    onEnd: (error) => errors.push(error),
  });
  expect(text).toBe('retry: 1000\ndata: 10\n\n');
  expect(errors).toMatchObject([{ message: 'a secret reason' }]);
});

test('no id, name or text of an event can inject a line', async () => {
  const texts = async function* () {
    yield { data: 'one\n\nevent: end\rtwo' };
  };
  const stream = eventStream(texts(), { signal: never, parse: (data) => data });
  expect(await new Response(stream).text()).toContain('data: "one\\n\\nevent: end\\rtwo"\n\n');
  expect(await read(given({ id: '1\ndata: 2', data: 1 }))).toBe('retry: 1000\n');
  expect(await read(given({ event: 'a\rb', data: 1 }))).toBe('retry: 1000\n');
});

test('a source that fails after some events ends the stream unfinished', async () => {
  const failing = async function* () {
    yield { data: 1 };
    throw new Error('gone');
  };
  const text = await read(failing());
  expect(text).toBe('retry: 1000\ndata: 1\n\n');
});

test('while nothing happens a comment keeps the connection alive', async () => {
  const reader = eventStream(stuck(), { signal: never, parse: as, heartbeatMs: 1 }).getReader();
  const seen: string[] = [];
  while (seen.filter((text) => text === ': still here\n\n').length < 3) {
    const { value } = await reader.read();
    seen.push(new TextDecoder().decode(value));
  }
  expect(seen.slice(0, 2)).toEqual(['retry: 1000\n', 'data: 1\n\n']);
  await reader.cancel();
});

test('heartbeats keep their pace while events come', async () => {
  const endless = async function* () {
    for (let data = 0; ; data++) {
      await new Promise(setImmediate);
      yield { data };
    }
  };
  let beats = 0;
  const stopped = new AbortController();
  const text = await read(endless(), {
    heartbeatMs: 1,
    signal: stopped.signal,
    onHeartbeat: async () => {
      beats += 1;
      if (beats === 2) stopped.abort();
    },
  });
  expect(text.split(': still here')).toHaveLength(3);
});

test('the signal ends a stream whose source ignores it, without marking it complete', async () => {
  const stopped = new AbortController();
  const reader = eventStream(stuck(), { signal: stopped.signal, parse: as }).getReader();
  await reader.read();
  await reader.read();
  stopped.abort();
  expect((await reader.read()).done).toBe(true);
});

test('a reader who disconnects ends the source, once', async () => {
  const ended: string[] = [];
  const source = async function* () {
    try {
      for (;;) yield { data: 1 };
    } finally {
      ended.push('source');
    }
  };
  const reader = eventStream(source(), { signal: never, parse: as, onEnd: () => ended.push('stream') }).getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  await expect.poll(() => ended.toSorted(), PATIENCE).toEqual(['source', 'stream']);
});
