import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { extractZip } from './extract-zip.ts';

let parent: string;
let directory: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'fc-zip-'));
  directory = mkdtempSync(path.join(parent, 'inside-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const file = (text: string, mode = 0o644): Zippable[string] => [
  Buffer.from(text),
  { os: 3, attrs: (0o100000 | mode) << 16 },
];
const link = (target: string): Zippable[string] => [Buffer.from(target), { os: 3, attrs: (0o120777 << 16) >>> 0 }];
const extract = (entries: Zippable) => extractZip(Buffer.from(zipSync(entries)), directory);
const refused = expect.objectContaining({ status: 400, code: 'InvalidArgument' });

test('files come out with their content and their permission bits', async () => {
  await extract({ bootstrap: file('#!/bin/sh', 0o755), 'lib/data.txt': file('x'.repeat(10_000), 0o640) });
  expect(readFileSync(path.join(directory, 'lib/data.txt'), 'utf8')).toBe('x'.repeat(10_000));
  expect(statSync(path.join(directory, 'bootstrap')).mode & 0o777).toBe(0o755);
  expect(statSync(path.join(directory, 'lib/data.txt')).mode & 0o777).toBe(0o640);
});

test('an archive without Unix modes gives files that can be read and not run', async () => {
  await extract({ 'a.txt': [Buffer.from('a'), { os: 0 }] });
  expect(statSync(path.join(directory, 'a.txt')).mode & 0o777).toBe(0o644);
});

test('symbolic links within the package are kept', async () => {
  await extract({ 'node_modules/.bin/tool': link('../tool/cli.js'), 'node_modules/tool/cli.js': file('run') });
  expect(readlinkSync(path.join(directory, 'node_modules/.bin/tool'))).toBe('../tool/cli.js');
  expect(readFileSync(path.join(directory, 'node_modules/.bin/tool'), 'utf8')).toBe('run');
});

test.each<[string, Zippable]>([
  ['climbs out', { '../escaped.txt': file('x') }],
  ['climbs out from within', { 'a/../../escaped.txt': file('x') }],
  ['is absolute', { '/tmp/escaped.txt': file('x') }],
  ['climbs out in the way of Windows', { 'a\\..\\..\\escaped.txt': file('x') }],
  ['links to outside', { link: link('../escaped.txt') }],
  ['links to an absolute path', { link: link('/etc/passwd') }],
  ['links to outside through another link', { 'd/e/x': link('../..'), way: link('d/e/x/../../escaped.txt') }],
  ['writes through a link', { 'd/keep': file('x'), l: link('d'), 'l/escaped.txt': file('x') }],
])('a package that %s is refused, and nothing lands outside', async (_, entries) => {
  await expect(extract(entries)).rejects.toEqual(refused);
  expect(existsSync(path.join(parent, 'escaped.txt'))).toBe(false);
});

test.each([
  ['no zip at all', Buffer.from('not a zip, but quite long enough to be looked at')],
  ['nothing', Buffer.alloc(0)],
  ['a zip that was cut short', Buffer.from(zipSync({ a: file('x'.repeat(100)) })).subarray(20)],
])('%s is refused', async (_, zip) => {
  await expect(extractZip(zip, directory)).rejects.toEqual(refused);
});

test('a file whose bytes do not match its checksum is refused', async () => {
  const zip = Buffer.from(zipSync({ 'a.txt': [Buffer.from('hello'), { level: 0 }] }));
  zip[zip.indexOf('hello')] = 0x6a;
  await expect(extractZip(zip, directory)).rejects.toEqual(refused);
});
