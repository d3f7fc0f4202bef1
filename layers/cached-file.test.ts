import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachedFile } from './cached-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'miaobu-cache-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fails = () => Promise.reject(new Error('it was made again'));

test('what was made for a key is not made again', async () => {
  const made = await cachedFile(directory, 'layer', 'k1', async () => Buffer.from('one'));
  expect(made).toEqual({ content: Buffer.from('one'), wasCached: false });
  expect(await cachedFile(directory, 'layer', 'k1', fails)).toEqual({ content: Buffer.from('one'), wasCached: true });
  await expect(cachedFile(directory, 'layer', 'k2', fails)).rejects.toThrow('it was made again');
});

test('a failed build leaves nothing behind that a later release could mistake for the result', async () => {
  await expect(cachedFile(directory, 'layer', 'k', fails)).rejects.toThrow();
  expect(readdirSync(directory)).toEqual([]);
});

test('old files go, but only of the same kind', async () => {
  await cachedFile(directory, 'vendors', 'k', async () => Buffer.from('v'));
  for (const [index, key] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    await cachedFile(directory, 'layer', key, async () => Buffer.from(key));
    utimesSync(path.join(directory, `layer-${key}`), index, index);
  }
  await cachedFile(directory, 'layer', 'f', async () => Buffer.from('f'));
  expect(readdirSync(directory).sort()).toEqual(['layer-c', 'layer-d', 'layer-e', 'layer-f', 'vendors-k']);
});
