import { unzipSync } from 'fflate';
import { afterEach, expect, test } from 'vitest';
import { deterministicZip } from './deterministic-zip.ts';

const { TZ } = process.env;
afterEach(() => {
  if (TZ === undefined) delete process.env.TZ;
  else process.env.TZ = TZ;
});

const bytes = (text: string) => Buffer.from(text);

test('the same files are the same bytes, in whatever order and time zone', () => {
  process.env.TZ = 'America/Los_Angeles';
  const west = deterministicZip(
    new Map([
      ['a', bytes('1')],
      ['b/c', bytes('2')],
    ]),
  );
  process.env.TZ = 'Asia/Shanghai';
  const east = deterministicZip(
    new Map([
      ['b/c', bytes('2')],
      ['a', bytes('1')],
    ]),
  );
  expect(west.equals(east)).toBe(true);
  expect(Object.entries(unzipSync(west)).map(([name, content]) => [name, Buffer.from(content).toString()])).toEqual([
    ['a', '1'],
    ['b/c', '2'],
  ]);
});

test('other content is other bytes', () => {
  const zip = (text: string) => deterministicZip(new Map([['a', bytes(text)]]));
  expect(zip('1').equals(zip('2'))).toBe(false);
});
