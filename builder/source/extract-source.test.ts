import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ArchiveEntry, archiveOf } from '../testing/archive-of.ts';
import { extractSource } from './extract-source.ts';

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'miaobu-extract-'));
  folder = path.join(parent, 'source');
  mkdirSync(folder);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const extract = (archive: Buffer, signal?: AbortSignal) => {
  const file = path.join(parent, 'source.tar.gz');
  writeFileSync(file, archive);
  return extractSource(file, folder, signal);
};
const at = (inner: string) => path.join(folder, inner);
const large = Buffer.alloc(3_000_001, 'content that is longer than a piece of the archive ');

test('files come out as they were packed: content, the executable bit, the time of the commit', async () => {
  const files = await extract(
    archiveOf([
      { path: 'empty', content: '' },
      { path: 'large.txt', content: large },
      { path: 'bin/run', content: '#!/bin/sh\n', mode: 0o4775 },
      { path: 'folder/', type: 'Directory' },
      { path: 'shortcut', link: 'bin/run' },
    ]),
  );
  expect(files).toBe(3);
  expect(readFileSync(at('empty'))).toHaveLength(0);
  expect(readFileSync(at('large.txt')).equals(large)).toBe(true);
  expect(readFileSync(at('shortcut'), 'utf8')).toBe('#!/bin/sh\n');
  expect(statSync(at('folder')).isDirectory()).toBe(true);
  expect([statSync(at('bin/run')).mode & 0o7111, statSync(at('large.txt')).mode & 0o7111]).toEqual([0o111, 0]);
  expect(statSync(at('large.txt')).mtime).toEqual(new Date(0));
});

const names: Record<string, readonly ArchiveEntry[]> = {
  'a file twice': [
    { path: 'page.html', content: 'a' },
    { path: 'page.html', content: 'b' },
  ],
  'a file in what is a file': [
    { path: 'page', content: 'a' },
    { path: 'page/index.html', content: 'b' },
  ],
  'a link where a file is': [
    { path: 'page', link: 'other' },
    { path: 'page', content: 'a' },
  ],
  'a link behind a link': [
    { path: 'a', link: '.' },
    { path: 'a/b', link: 'c' },
  ],
};
test.each(Object.entries(names))('%s is refused, and nothing is written outside', async (_, entries) => {
  await expect(extract(archiveOf(entries))).rejects.toMatchObject({
    code: 'source_invalid',
    message: expect.stringContaining('it cannot be unpacked'),
  });
});

test.each([
  ['in the compressed stream', (archive: Buffer) => archive.subarray(0, archive.length - 200)],
  ['in an entry', (archive: Buffer) => gzipSync(gunzipSync(archive).subarray(0, 2_000_000))],
])('an archive that is cut off %s is refused', async (_, cut) => {
  const archive = archiveOf([{ path: 'large.txt', content: large }]);
  await expect(extract(cut(archive))).rejects.toMatchObject({ code: 'source_invalid' });
});

test('nothing more is unpacked once the run is stopped', async () => {
  const stopped = new Error('stopped');
  await expect(extract(archiveOf([{ path: 'a', content: 'a' }]), AbortSignal.abort(stopped))).rejects.toBe(stopped);
  expect(existsSync(at('a'))).toBe(false);
});
