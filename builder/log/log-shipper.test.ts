import type { LogChunk } from '@miaobu/shared/contracts/build-job';
import { expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { AttemptOver } from '../build-failure.ts';
import { createLogShipper } from './log-shipper.ts';

/** Accepts chunks one at a time, when told to. */
function createReceiver() {
  const chunks: { number: number; text: string }[] = [];
  const waiting: (() => void)[] = [];
  const client = {
    putLogChunk: (_token: string, number: number, { text }: LogChunk) =>
      new Promise<void>((resolve) => {
        waiting.push(() => {
          chunks.push({ number, text });
          resolve();
        });
      }),
  };
  return {
    client,
    chunks,
    waiting,
    async take() {
      await vi.waitUntil(() => waiting.length > 0, PATIENCE);
      expect(waiting).toHaveLength(1);
      waiting.shift()?.();
    },
  };
}

test('chunks are numbered, sent one at a time, and complete', async () => {
  const { client, chunks, take } = createReceiver();
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6 });
  log.line('one');
  log.flush();
  log.line('two');
  log.line('three');
  log.flush();
  await take();
  const closed = log.close();
  await take();
  await closed;
  expect(chunks).toEqual([
    { number: 0, text: 'one\n' },
    { number: 1, text: 'two\nthree\n' },
  ]);
});

test('a secret split between two chunks is in neither of them', async () => {
  const { client, chunks, take } = createReceiver();
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6 });
  log.hide(['hunter2-hunter2']);
  const output = log.stream();
  output.write(Buffer.from('password hunter2-'));
  log.flush();
  await take();
  output.write(Buffer.from('hunter2\n'));
  output.end();
  const closed = log.close();
  await take();
  await closed;
  expect(chunks.map((it) => it.text)).toEqual(['password ', '***\n']);
});

test('a character that arrives in two pieces stays whole, and no chunk is over 64 KiB', async () => {
  const { client, chunks, take, waiting } = createReceiver();
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6 });
  const text = '秒部'.repeat(20_000);
  const bytes = Buffer.from(text);
  const output = log.stream();
  output.write(bytes.subarray(0, 70_001));
  output.write(bytes.subarray(70_001));
  output.end();
  let done = false;
  const closed = log.close().then(() => {
    done = true;
  });
  while (!done) {
    await vi.waitUntil(() => done || waiting.length > 0, PATIENCE);
    if (!done) await take();
  }
  await closed;
  expect(chunks.map((it) => it.text).join('')).toBe(text);
  expect(chunks.map((it) => it.number)).toEqual([0, 1]);
  for (const chunk of chunks) expect(Buffer.byteLength(chunk.text)).toBeLessThanOrEqual(64 * 1024);
});

test('a secret split between two streams is not in the log either', async () => {
  const { client, chunks, take } = createReceiver();
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6 });
  log.hide(['hunter2-hunter2']);
  const output = log.stream();
  const errors = log.stream();
  // Held back, and released when the stream ends.
  output.write(Buffer.from('hunter2-'));
  output.end();
  errors.write(Buffer.from('hunter2\n'));
  errors.end();
  const closed = log.close();
  await take();
  await closed;
  expect(chunks.map((it) => it.text)).toEqual(['***\n']);
});

test('each of two streams that write at the same time is masked as a whole', async () => {
  const { client, chunks, take } = createReceiver();
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6 });
  log.hide(['hunter2-hunter2']);
  const [output, errors] = [log.stream(), log.stream()];
  output.write(Buffer.from('one hunter2-h'));
  errors.write(Buffer.from('warning\n'));
  output.write(Buffer.from('unter2\n'));
  const closed = log.close();
  await take();
  await closed;
  expect(chunks.map((it) => it.text).join('')).toBe('one warning\n***\n');
});

test('an answer that the attempt is over is passed on at once, and nothing more is sent', async () => {
  const told: unknown[] = [];
  const over = new AttemptOver('stopped');
  const client = { putLogChunk: () => Promise.reject(over) };
  const log = createLogShipper({ client, token: 't', limitBytes: 1e6, over: (reason) => told.push(reason) });
  log.line('one');
  await log.close();
  log.line('two');
  await log.close();
  expect(told).toEqual([over]);
});
