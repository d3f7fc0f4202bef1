import { type Zippable, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readZipDirectory, ZipError, zipDirectoryBytes } from './zip-directory.ts';

const text = (content: string, mode = 0o100644): Zippable[string] => [
  Buffer.from(content),
  { os: 3, attrs: mode << 16 },
];
const zip = (files: Zippable) => Buffer.from(zipSync(files));
const read = (bytes: Buffer) => readZipDirectory(bytes, bytes.length);
const TWO = zip({ 'a.txt': text('a'.repeat(1000)), 'dir/ü.sh': text('echo', 0o100755) });
const END = TWO.length - 22;
const DIRECTORY = TWO.readUInt32LE(END + 16);
const SECOND = TWO.indexOf(Buffer.from('PK\u0001\u0002'), DIRECTORY + 1);

/** The zip with bytes changed from `at` on. */
function patched(at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(TWO);
  copy.set(bytes, at);
  return copy;
}

test('names, modes, sizes and offsets are read, also from the end of the zip alone', () => {
  const entries = read(TWO);
  expect(entries).toMatchObject([
    { name: 'a.txt', mode: 0o100644, method: 'deflated', bytes: 1000, offset: 0 },
    { name: 'dir/ü.sh', mode: 0o100755, bytes: 4 },
  ]);
  const tail = TWO.subarray(DIRECTORY);
  expect(tail.length).toBeLessThanOrEqual(zipDirectoryBytes(2, 20));
  expect(readZipDirectory(tail, TWO.length)).toEqual(entries);
  expect(read(zip({}))).toEqual([]);
});

test.each<[string, Buffer, RegExp]>([
  ['nothing', Buffer.alloc(0), /no zip/],
  ['a text', Buffer.from('x'.repeat(1000)), /no zip/],
  ['a zip that was cut', TWO.subarray(0, -1), /no zip/],
  ['a zip with something behind it', Buffer.concat([TWO, Buffer.from('x')]), /no zip/],
  ['a zip with something before it', Buffer.concat([Buffer.from('x'), TWO]), /not where it says/],
  ['a comment', patched(END + 20, 1), /not where it says/],
  ['a Zip64', patched(END + 8, 0xff, 0xff, 0xff, 0xff), /Zip64/],
  ['a part of a zip', patched(END + 4, 1), /several parts/],
  ['a directory elsewhere', patched(END + 16, 0, 0, 0, 0), /not where it says/],
  ['fewer entries than the directory has', patched(END + 8, 1, 0, 1, 0), /broken/],
  ['more entries than the directory has', patched(END + 8, 3, 0, 3, 0), /broken/],
  ['an entry that is none', patched(SECOND, 0), /broken/],
  ['an encrypted entry', patched(SECOND + 8, 0x01, 0x08), /encrypted/],
  ['an unknown compression', patched(SECOND + 10, 99), /unknown way/],
  ['a name in an unknown alphabet', patched(SECOND + 8, 0, 0), /not UTF-8/],
  ['a name that is cut within a letter', patched(SECOND + 46 + 4, 0xff, 0xff), /not UTF-8/],
  ['entries that share their bytes', patched(SECOND + 42, 0, 0, 0, 0), /overlaps another entry/],
  ['an entry that is said to be longer than it is', patched(SECOND + 20, 0xff, 0xff), /overlaps the directory/],
  [
    'a second name',
    zip({ a: [Buffer.from('a'), { os: 3, extra: { 28789: new Uint8Array([1, 0, 0, 0, 0, 98]) } }] }),
    /second size or name/,
  ],
])('%s is refused, with a reason', (_, bytes, reason) => {
  expect(() => read(bytes)).toThrow(ZipError);
  expect(() => read(bytes)).toThrow(reason);
});

test('a directory larger than the part that may be read is refused', () => {
  expect(() => readZipDirectory(TWO.subarray(END - 10), TWO.length)).toThrow(/too long/);
});
