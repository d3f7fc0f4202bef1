import { execFile, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('ensure-dependencies.mjs', import.meta.url));

/** A project with one dependency, which is a folder of its own: npm installs it without any registry. */
let project: string;
/** A folder with a `node` and nothing else. */
let onlyNode: string;

const inProject = (...names: string[]) => path.join(project, ...names);

function writeProject(dependencies: readonly string[], locked: readonly string[] = dependencies): void {
  const versions = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, `file:${name}`]));
  const manifest = (names: readonly string[]) => ({ name: 'p', version: '1.0.0', dependencies: versions(names) });
  const packages: Record<string, unknown> = { '': manifest(locked) };
  for (const name of dependencies) {
    mkdirSync(inProject(name), { recursive: true });
    writeFileSync(inProject(name, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  }
  for (const name of locked) {
    packages[name] = { version: '1.0.0' };
    packages[`node_modules/${name}`] = { resolved: name, link: true };
  }
  writeFileSync(inProject('package.json'), JSON.stringify(manifest(dependencies)));
  writeFileSync(
    inProject('package-lock.json'),
    JSON.stringify({ name: 'p', version: '1.0.0', lockfileVersion: 3, requires: true, packages }),
  );
}

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'miaobu-dependencies-'));
  onlyNode = inProject('bin');
  mkdirSync(onlyNode);
  symlinkSync(process.execPath, path.join(onlyNode, 'node'));
  mkdirSync(inProject('scripts'));
  copyFileSync(script, inProject('scripts', 'ensure-dependencies.mjs'));
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

function ensure(env: Record<string, string> = {}): Promise<{ failed: boolean; said: string }> {
  const { NODE_EXTRA_CA_CERTS: _, ...own } = process.env;
  const settings = { env: { ...own, npm_config_fetch_retries: '0', ...env }, cwd: tmpdir() };
  return new Promise((resolve) => {
    execFile(process.execPath, [inProject('scripts', 'ensure-dependencies.mjs')], settings, (error, stdout, stderr) =>
      resolve({ failed: error !== null, said: stdout + stderr }),
    );
  });
}

const done = { failed: false, said: expect.stringMatching(/^Installing dependencies with npm … done in \d+ s\.\n$/) };
const nothingToDo = { failed: false, said: '' };

test('what is missing is installed, and then there is nothing to do, not even for npm', async () => {
  writeProject(['left']);
  expect(await ensure()).toEqual(done);
  expect(existsSync(inProject('node_modules', 'left', 'package.json'))).toBe(true);
  expect(await ensure({ PATH: onlyNode })).toEqual(nothingToDo);
  expect(readdirSync(project).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a changed lock file is followed', async () => {
  writeProject(['left']);
  await ensure();
  writeProject(['left', 'right']);
  expect(await ensure()).toEqual(done);
  expect(existsSync(inProject('node_modules', 'right', 'package.json'))).toBe(true);
});

test('an installation made by hand is accepted as it is', async () => {
  writeProject(['left']);
  expect(spawnSync('npm', ['ci'], { cwd: project }).status).toBe(0);
  expect(await ensure({ PATH: onlyNode })).toEqual(nothingToDo);
});

test('a lock file that npm ci refuses is completed for this installation and left as it is', async () => {
  writeProject(['left', 'right'], ['left']);
  const lockFile = readFileSync(inProject('package-lock.json'), 'utf8');
  expect(await ensure()).toEqual(done);
  expect(existsSync(inProject('node_modules', 'right', 'package.json'))).toBe(true);
  expect(readFileSync(inProject('package-lock.json'), 'utf8')).toBe(lockFile);
  expect(await ensure({ PATH: onlyNode })).toEqual(nothingToDo);
});

test('of several at the same time one installs and the others wait for it', async () => {
  writeProject(['left']);
  const all = await Promise.all([ensure(), ensure(), ensure()]);
  expect(all.map(({ failed }) => failed)).toEqual([false, false, false]);
  expect(all.filter(({ said }) => said.includes('Installing'))).toHaveLength(1);
  expect(readdirSync(project).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('the lock of a process that was killed is taken over', async () => {
  writeProject(['left']);
  const dead = spawnSync(process.execPath, ['--eval', '']).pid;
  mkdirSync(inProject('.miaobu-install'));
  writeFileSync(inProject('.miaobu-install', `${dead}@${hostname()}`), '');
  expect(await ensure()).toEqual(done);
});

test('an unreachable registry and a missing npm are named in one line', async () => {
  writeProject(['left']);
  const lock = JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8'));
  lock.packages[''].dependencies.far = '1.0.0';
  lock.packages['node_modules/far'] = { version: '1.0.0' };
  writeFileSync(inProject('package-lock.json'), JSON.stringify(lock));
  writeFileSync(inProject('package.json'), JSON.stringify(lock.packages['']));

  // Port 9 is reserved for a service that discards everything; nobody runs it.
  const offline = await ensure({ npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: inProject('cache') });
  expect(offline.failed).toBe(true);
  expect(offline.said.trim().split('\n').at(-1)).toBe(
    'npm cannot reach its registry (ECONNREFUSED): check the network, the proxy and `npm config get registry`.',
  );
  const bare = await ensure({ PATH: onlyNode });
  expect(bare.failed).toBe(true);
  expect(bare.said).toContain('npm is missing: install it (it comes with Node.js).');
});
