import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectOutput } from './collect-output.ts';
import { precompress } from './precompress.ts';

let parent: string;
let said: string[];
let runs: number;

beforeEach(() => {
  parent = realpathSync(mkdtempSync(path.join(tmpdir(), 'miaobu-twins-')));
  said = [];
  runs = 0;
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A text that compresses as prose does, no two alike. */
function prose(bytes: number, seed = 1): string {
  let state = seed;
  let text = '';
  while (text.length < bytes) {
    state = (state * 1103515245 + 12345) % 2147483648;
    text += `${['river', 'stone', 'light', 'garden', 'window', 'paper', 'north', 'silver'][state >> 28]} ${state % 97} `;
  }
  return text.slice(0, bytes);
}

/** The twins of each file, by its path, as stored in the file of all twins. */
async function twinsOf(files: Readonly<Record<string, string | Buffer>>, signal = new AbortController().signal) {
  runs += 1;
  const folder = path.join(parent, `site-${runs}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  const collected = await collectOutput({ folder, isProjectRoot: false, user: undefined });
  const into = path.join(parent, `twins-${runs}`);
  const made = await precompress(collected.files, { into, say: (line) => said.push(line), signal });
  const all = made.size === 0 ? Buffer.alloc(0) : readFileSync(into);
  const found = collected.files.map((file) => {
    const { br, gzip } = made.get(file.sha256) ?? {};
    const bytesOf = (twin: typeof br) => twin && all.subarray(twin.start, twin.start + twin.bytes);
    return [file.path, { br: bytesOf(br), gzip: bytesOf(gzip), digests: [br?.sha256, gzip?.sha256] }] as const;
  });
  return { all, ofFile: Object.fromEntries(found) };
}

test('text of a kilobyte or more has a br twin, of 64 KB or more a gzip twin too, and both are the same text', async () => {
  const page = prose(1024);
  const app = prose(64 * 1024);
  const { ofFile } = await twinsOf({ 'index.html': page, 'app.js': app });
  expect(brotliDecompressSync(ofFile['index.html']?.br ?? '').toString()).toBe(page);
  expect(ofFile['index.html']?.gzip).toBeUndefined();
  expect(brotliDecompressSync(ofFile['app.js']?.br ?? '').toString()).toBe(app);
  expect(gunzipSync(ofFile['app.js']?.gzip ?? '').toString()).toBe(app);
});

test('a file that is short, not text, or does not become much smaller has no twin, and nothing is logged about it', async () => {
  const { ofFile } = await twinsOf({
    'short.html': prose(1023),
    'photo.png': prose(5000),
    'noise.wasm': randomBytes(5000),
    LICENSE: prose(5000),
  });
  expect(Object.values(ofFile).flatMap(({ br, gzip }) => [br, gzip])).toEqual(
    Array.from({ length: 8 }, () => undefined),
  );
  expect(said).toEqual([]);
});

test('content shared by several files is compressed once', async () => {
  const { all, ofFile } = await twinsOf({ 'a.css': prose(5000), 'b.css': prose(5000), 'c.css': prose(5000, 2) });
  expect(ofFile['a.css']?.br).toEqual(ofFile['b.css']?.br);
  expect(all.length).toBe((ofFile['a.css']?.br?.length ?? 0) + (ofFile['c.css']?.br?.length ?? 0));
  expect(said).toEqual([expect.stringMatching(/^Compressed 2 files from 10 KB to \d KB in [\d.]+ s \(br 11\)$/)]);
});

test.each([
  ['small', 20, 'br 11'],
  ['large', 200, 'br 5'],
])('a %s site becomes the same twins every time, and one changed page changes one', async (_, pages, quality) => {
  const site = Object.fromEntries(Array.from({ length: pages }, (_, n) => [`page-${n}.html`, prose(8000, n + 1)]));
  const [first, again] = [await twinsOf(site), await twinsOf(site)];
  const changed = await twinsOf({ ...site, 'page-7.html': prose(8100, 999) });
  const digests = (twins: typeof first) => Object.values(twins.ofFile).flatMap((file) => file.digests);
  expect(digests(again)).toEqual(digests(first));
  const before = new Set(digests(first));
  expect(digests(changed).filter((digest) => !before.has(digest))).toHaveLength(1);
  expect(said.every((line) => line.includes(quality))).toBe(true);
});

test('a run that was stopped compresses nothing more', async () => {
  const stopped = new Error('stopped');
  await expect(twinsOf({ 'index.html': prose(5000) }, AbortSignal.abort(stopped))).rejects.toBe(stopped);
});
