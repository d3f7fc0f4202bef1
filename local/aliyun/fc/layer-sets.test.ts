import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLayerSets } from './layer-sets.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'fc-layers-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function layer(name: string, files: Record<string, string>) {
  const directory = path.join(root, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), content);
  }
  return { kind: 'directory', directory } as const;
}

test('layers are merged, and where two have the same file the first wins', async () => {
  const sets = createLayerSets(path.join(root, 'sets'));
  const merged = await sets.merge([
    layer('one', { 'lib/a.txt': 'one', 'lib/only-one.txt': '1' }),
    layer('two', { 'lib/a.txt': 'two', 'lib/only-two.txt': '2' }),
  ]);
  const read = (file: string) => readFileSync(path.join(merged, file), 'utf8');
  expect([read('lib/a.txt'), read('lib/only-one.txt'), read('lib/only-two.txt')]).toEqual(['one', '1', '2']);
});

test('a folder does not replace the file of an earlier layer, nor a file its folder', async () => {
  const sets = createLayerSets(path.join(root, 'sets'));
  const file = layer('file', { x: 'file' });
  const folder = layer('folder', { 'x/y': 'folder' });
  expect(readFileSync(path.join(await sets.merge([file, folder]), 'x'), 'utf8')).toBe('file');
  expect(readFileSync(path.join(await sets.merge([folder, file]), 'x/y'), 'utf8')).toBe('folder');
});

test('merged layers are one real folder, so that modules of one layer find those of another', async () => {
  const sets = createLayerSets(path.join(root, 'sets'));
  const merged = await sets.merge([layer('one', { 'nodejs/a.js': '' }), layer('two', { 'nodejs/b.js': '' })]);
  const folder = realpathSync(path.join(merged, 'nodejs'));
  expect(realpathSync(path.join(merged, 'nodejs/a.js'))).toBe(path.join(folder, 'a.js'));
  expect(realpathSync(path.join(merged, 'nodejs/b.js'))).toBe(path.join(folder, 'b.js'));
});

test('an official layer is a link to a program of this machine', async () => {
  const sets = createLayerSets(path.join(root, 'sets'));
  const merged = await sets.merge([{ kind: 'links', links: { 'nodejs22/bin/node': process.execPath } }]);
  expect(realpathSync(path.join(merged, 'nodejs22/bin/node'))).toBe(realpathSync(process.execPath));
});

test('the same layers in the same order share a folder, in another order they do not', async () => {
  const sets = createLayerSets(path.join(root, 'sets'));
  const [one, two] = [layer('one', { a: '1' }), layer('two', { a: '2' })];
  const merged = await sets.merge([one, two]);
  expect(await sets.merge([one, two])).toBe(merged);
  expect(await sets.merge([two, one])).not.toBe(merged);
});
