import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltLayer, buildLayer } from './build-layer.ts';
import { emitSettings, importedPackages } from './emit-settings.ts';
import { probeLayer } from './testing/layer-probe.ts';
import { unpackLayer } from './unpack-layer.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-layer-'));
const inside = (name: string) => path.join(directory, name);
let probe: string;
let layer: BuiltLayer;
let buildAgain: () => Promise<BuiltLayer>;

beforeAll(async () => {
  const entryPoints = [path.join(import.meta.dirname, 'testing/layer-probe.ts')];
  const bundle = await build({ ...emitSettings, entryPoints, bundle: true, packages: 'external' });
  probe = bundle.outputFiles[0]?.text ?? '';
  const importedByFunctions = importedPackages(bundle.metafile);
  buildAgain = () => buildLayer({ cacheDirectory: inside('cache'), importedByFunctions });
  layer = await buildAgain();
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a module sees the same packages in plain Node and against the layer', async () => {
  const nodePath = await unpackLayer(layer.zip, inside('opt'));
  // In an isolated folder: no node_modules above it may help.
  writeFileSync(inside('index.js'), probe);
  writeFileSync(inside('package.json'), '{"type":"commonjs"}');
  const print = `require('./index.js').probeLayer().then((seen) => { console.log(JSON.stringify(seen)); process.exit(0) })`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', print], {
    cwd: directory,
    env: { NODE_PATH: nodePath },
  });
  const expected = await probeLayer();
  expect(JSON.parse(stdout)).toEqual(expected);
  expect(expected).toMatchObject({
    'middy is a default export': 2,
    'a schema of shared is of the same zod': true,
    'an error of shared is of the same class': 'unsupported_media_type',
    'a client of ESA': 'function',
    'a number of Tablestore': 7,
  });
});

describe('what was built', () => {
  test('is taken from the cache as long as nothing changed', async () => {
    expect(layer.wasCached).toBe(false);
    const again = await buildAgain();
    expect(again.wasCached).toBe(true);
    expect(again.zip.equals(layer.zip)).toBe(true);
  });

  test('is the same bytes when it is rebuilt', async () => {
    rmSync(inside('cache'), { recursive: true });
    const anew = await buildAgain();
    expect(anew.wasCached).toBe(false);
    expect(anew.zip.equals(layer.zip)).toBe(true);
  }, 120_000);
});
