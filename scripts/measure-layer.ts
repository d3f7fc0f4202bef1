// Prints the size of the packages of functions and of the layer, and how long `require` of each takes in a process of its
// own, as at a cold start: `node scripts/measure-layer.ts`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildLayer } from '../layers/build-layer.ts';
import { unpackLayer } from '../layers/unpack-layer.ts';
import { vendorPackages } from '../layers/vendor-packages.ts';
import { bundleFunctions } from './release/bundle-functions.ts';

const RUNS = 5;
const OURS = ['@miaobu/shared/runtime/web-function', '@miaobu/shared/runtime/event-function'];

const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-measure-'));
try {
  const { zips, imports } = await bundleFunctions();
  for (const [folder, zip] of zips) print(`functions/${folder}`, kilobytes(zip.length));
  const { zip } = await buildLayer({ cacheDirectory: path.join(directory, 'cache'), importedByFunctions: imports });
  print('the layer', kilobytes(zip.length));
  const nodePath = await unpackLayer(zip, path.join(directory, 'opt'));
  for (const specifier of [...OURS, ...Object.keys(vendorPackages)]) {
    const folder = path.join(nodePath, specifier);
    const size = statSync(path.join(folder, 'index.js'), { throwIfNoEntry: false })?.size;
    if (size === undefined && !OURS.includes(specifier)) continue;
    const version =
      size === undefined ? '' : JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
    print(`${specifier} ${version}`, size === undefined ? '' : kilobytes(size), requireTime(specifier, nodePath));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
// The bundler's service would keep the process alive for a while.
process.exit(0);

/** The median of a few. */
function requireTime(specifier: string, nodePath: string): string {
  const program = `const t = performance.now(); require(${JSON.stringify(specifier)}); console.log(performance.now() - t)`;
  const options = { cwd: directory, env: { NODE_PATH: nodePath }, encoding: 'utf8' } as const;
  const times = Array.from({ length: RUNS }, () =>
    Number(execFileSync(process.execPath, ['--eval', program], options)),
  );
  return `${times.sort((a, b) => a - b)[Math.floor(RUNS / 2)]?.toFixed(1)} ms`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

function print(name: string, size: string, time = ''): void {
  console.log(`${name.padEnd(44)} ${size.padStart(10)} ${time.padStart(10)}`);
}
