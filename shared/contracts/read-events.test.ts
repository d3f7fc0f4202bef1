import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents } from './read-events.ts';

async function read(chunks: readonly Uint8Array[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(body, 60_000, () => {})) events.push(event);
  return events;
}
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ['data: one\n\n', [{ id: undefined, event: 'message', data: 'one' }]],
  ['id: 7\nevent: log\ndata: one\n\n', [{ id: '7', event: 'log', data: 'one' }]],
  ['data:one\r\ndata: two\r\n\r\n', [{ id: undefined, event: 'message', data: 'one\ntwo' }]],
  [': still here\n\nretry: 1000\ndata: one\n\n', [{ id: undefined, event: 'message', data: 'one' }]],
  ['event: log\n\n', []],
  ['data\n\n', [{ id: undefined, event: 'message', data: '' }]],
  ['data: cut off', []],
  ['data: cut off\n', []],
])('%j holds the events that the standard says', async (text, events) => {
  expect(await read([bytes(text)])).toEqual(events);
});

test('the events are the same wherever the stream is split, even within a character or a line break', async () => {
  const text =
    'id: 1\r\nevent: log\r\ndata: {"text":"中文 🚀"}\r\n\r\n: beat\r\n\r\ndata: two\rdata: lines\r\rdata: last\n\n';
  const whole = bytes(text);
  const expected = await read([whole]);
  expect(expected.map(({ data }) => data)).toEqual(['{"text":"中文 🚀"}', 'two\nlines', 'last']);
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const sorted = [0, ...places.toSorted((a, b) => a - b), whole.length];
      const pieces = sorted.slice(1).map((end, index) => whole.slice(sorted[index], end));
      expect(await read(pieces)).toEqual(expected);
    }),
  );
});

test('silence is reported, so that a dead connection can be aborted', async () => {
  let connection: ReadableStreamDefaultController<Uint8Array> | undefined;
  const silent = new ReadableStream<Uint8Array>({
    start(controller) {
      connection = controller;
      controller.enqueue(bytes('data: one\n\n'));
    },
  });
  const seen: string[] = [];
  const reading = async () => {
    for await (const { data } of readEvents(silent, 5, () => connection?.error(new Error('broken')))) seen.push(data);
  };
  await expect(reading()).rejects.toThrow('broken');
  expect(seen).toEqual(['one']);
});
