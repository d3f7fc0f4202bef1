import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFunctionLogs, type LogLine } from './function-logs.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'fc-logs-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const from = { function: 'shop', instance: 'c-1', stream: 'stdout' } as const;

test('every line of a stream is passed on whole, however it was split', async () => {
  const lines: LogLine[] = [];
  const logs = createFunctionLogs(
    directory,
    (line) => lines.push(line),
    () => 0,
  );
  const source = new PassThrough();
  logs.follow(source, from);
  for (const piece of ['fir', 'st\nsec', 'ond\r\n', 'without an end']) source.write(piece);
  await new Promise((resolve) => source.on('close', resolve).end());
  await logs.close();
  expect(lines.map(({ line }) => line)).toEqual(['first', 'second', 'without an end']);
  expect(readFileSync(path.join(directory, 'shop.log'), 'utf8')).toBe(
    ['first', 'second', 'without an end'].map((line) => `1970-01-01T00:00:00.000Z c-1 stdout ${line}\n`).join(''),
  );
});

test('a file that reaches its limit is replaced by a new one, and only the previous one is kept', async () => {
  const logs = createFunctionLogs(
    directory,
    () => {},
    () => 0,
    100,
  );
  for (let line = 1; line <= 7; line += 1) logs.write({ ...from, line: `line ${line}` });
  await logs.close();
  const read = (name: string) => readFileSync(path.join(directory, name), 'utf8').match(/line \d/g);
  // Three lines of 42 bytes are the first to reach 100.
  expect(read('shop.log.1')).toEqual(['line 4', 'line 5', 'line 6']);
  expect(read('shop.log')).toEqual(['line 7']);
});
