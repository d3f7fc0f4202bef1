import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CACHE_LIMITS, openPackageCache } from './package-cache.ts';
import { storeKindOf } from './store-variables.ts';

const isRoot = process.getuid?.() === 0;
/** A number in the range that builds get theirs from. */
const BUILD_USER = isRoot ? { uid: 64_999, gid: 64_999 } : undefined;
const KEY = 'k'.repeat(40);
const [ONE, TWO] = ['1'.repeat(64), '2'.repeat(64)];

let folder: string;
let cacheFolder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'package-cache-'));
  chmodSync(folder, 0o711);
  cacheFolder = path.join(folder, 'cache');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Build {
  readonly scope?: string;
  readonly key?: string;
  readonly fingerprint?: string;
  readonly manager?: string;
  readonly output?: string;
  readonly limits?: Partial<typeof CACHE_LIMITS>;
}

/** The cache as one build sees it, in a work folder of its own. */
async function ofBuild({ scope = 'env_a', key = KEY, fingerprint = ONE, manager = 'npm', output, limits }: Build = {}) {
  const workFolder = mkdtempSync(path.join(folder, 'work-'));
  chmodSync(workFolder, 0o711);
  const said: string[] = [];
  const kind = storeKindOf(undefined, `${manager} install`);
  if (!kind) throw new Error(`no store of ${manager}`);
  const cache = await openPackageCache({
    place: { folder: cacheFolder, scope, key, output },
    kind,
    fingerprint,
    workFolder,
    user: BUILD_USER,
    log: { line: (text) => said.push(text) },
    signal: new AbortController().signal,
    limits: { ...CACHE_LIMITS, ...limits },
  });
  const store = path.join(workFolder, 'store');
  return { ...cache, store, said };
}

/** Does something in a store as the user of the build would. */
function asBuildUser(store: string, script: string) {
  execFileSync('/bin/sh', ['-ec', script], { cwd: store, env: { PATH: '/usr/bin:/bin' }, ...BUILD_USER });
}

/** 100 kB of packages. */
const PACKAGES = 'mkdir -p npm; head -c 100000 /dev/urandom > npm/package; echo "$RANDOM" > npm/index';

async function kept(build: Build = {}, script = PACKAGES) {
  const cache = await ofBuild(build);
  asBuildUser(cache.store, script);
  await cache.save();
  return cache;
}

const entriesIn = (scope: string) => readdirSync(path.join(cacheFolder, scope));
const entryFile = (scope = 'env_a') => path.join(cacheFolder, scope, entriesIn(scope)[0] ?? 'none');

test('the next build of an environment gets what the previous one kept: the same content, in a copy of its own', async () => {
  const first = await kept(
    {},
    `${PACKAGES}; mkdir -p 'npm/deep/er'; echo '#!/bin/sh' > npm/deep/er/run; chmod 700 npm/deep/er/run`,
  );
  expect(first.said).toEqual([expect.stringMatching(/^Saved the npm cache \(0\.1 MB\)$/)]);

  const next = await ofBuild();
  expect(await next.restore()).toBe(true);
  expect(next.said).toEqual([expect.stringMatching(/^Restored the npm cache \(0\.1 MB\) in \d\.\d s$/)]);
  const packageOf = (store: string) => readFileSync(path.join(store, 'npm/package'));
  expect(packageOf(next.store).equals(packageOf(first.store))).toBe(true);
  expect(statSync(path.join(next.store, 'npm/deep/er/run')).mode & 0o777).toBe(0o700);
  asBuildUser(next.store, 'echo more >> npm/package; rm npm/index; mkdir npm/new');
  if (BUILD_USER) expect(lstatSync(path.join(next.store, 'npm/package')).uid).toBe(BUILD_USER.uid);
});

test('the same packages are not written again; of different ones only the newest are kept', async () => {
  await kept();
  const [before] = entriesIn('env_a');
  const same = await ofBuild();
  await same.restore();
  await same.save();
  expect(entriesIn('env_a')).toEqual([before]);
  expect(same.said).toHaveLength(1);

  // A build with another lockfile starts from the last one's packages, and adds its own.
  const other = await ofBuild({ fingerprint: TWO });
  expect(await other.restore()).toBe(true);
  asBuildUser(other.store, 'echo new > npm/new');
  await other.save();
  expect(entriesIn('env_a')).toEqual([expect.stringMatching(/^npm\.2{64}\./)]);
  const third = await ofBuild({ fingerprint: TWO });
  await third.restore();
  expect(readdirSync(path.join(third.store, 'npm')).sort()).toEqual(['index', 'new', 'package']);
});

test('environments share nothing, nor do package managers', async () => {
  await kept({}, `${PACKAGES}; echo evil > npm/planted`);
  for (const build of [{ scope: 'env_b' }, { scope: 'env_' }, { manager: 'pnpm' }]) {
    const other = await ofBuild(build);
    expect(await other.restore()).toBe(false);
    expect(readdirSync(other.store)).toEqual([]);
  }
});

test('what another environment kept is not accepted even under this one’s name', async () => {
  await kept({ scope: 'env_evil', key: 'e'.repeat(40) }, `${PACKAGES}; echo evil > npm/planted`);
  await kept();
  writeFileSync(entryFile('env_a'), readFileSync(entryFile('env_evil')));
  const next = await ofBuild();
  expect(await next.restore()).toBe(false);
  expect(readdirSync(next.store)).toEqual([]);
  expect(next.said).toEqual(['Note: the npm cache is damaged; it is thrown away']);
  expect(entriesIn('env_a')).toEqual([]);
});

test('what is kept cannot be read without the key', async () => {
  const secret = 'a line of a private package';
  await kept({}, `${PACKAGES}; echo '${secret}' > npm/private`);
  expect(readFileSync(entryFile()).includes(secret)).toBe(false);
});

test.each<[string, (file: string) => void]>([
  ['cut short', (file) => truncateSync(file, statSync(file).size - 1000)],
  ['empty', (file) => truncateSync(file, 0)],
  ['shorter than its frame', (file) => truncateSync(file, 20)],
  ['longer than it was', (file) => appendFileSync(file, 'more')],
  ['of other bytes at its beginning', (file) => flip(file, 0)],
  ['of another byte in its middle', (file) => flip(file, 50_000)],
  ['of another byte at its end', (file) => flip(file, statSync(file).size - 1)],
  ['zeros', (file) => writeFileSync(file, Buffer.alloc(100_000))],
])('an entry that is %s is thrown away, and the store is empty and in order', async (_title, damage) => {
  await kept();
  damage(entryFile());
  const next = await ofBuild();
  expect(await next.restore()).toBe(false);
  expect(next.said).toEqual(['Note: the npm cache is damaged; it is thrown away']);
  expect(readdirSync(next.store)).toEqual([]);
  asBuildUser(next.store, PACKAGES);
  await next.save();
  expect(await (await ofBuild()).restore()).toBe(true);
});

function flip(file: string, at: number) {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test('a path that is not a folder, or not writable, is a line in the log', async () => {
  const inTheWay = path.join(folder, 'file');
  writeFileSync(inTheWay, '');
  cacheFolder = path.join(inTheWay, 'cache');
  const build = await kept();
  expect(build.said).toEqual([expect.stringMatching(/^Note: the npm cache could not be saved: ENOTDIR/)]);
  expect(await build.restore()).toBe(false);
});

test('a store over the limit is not kept, nor is the previous one: the next build starts empty', async () => {
  await kept();
  const limits = { entryBytes: 50_000 };
  const grown = await ofBuild({ fingerprint: TWO, limits });
  expect(await grown.restore()).toBe(true);
  await grown.save();
  expect(grown.said.at(-1)).toBe('Note: the npm cache is not kept: it is over the limit of 0.1 MB');
  expect(entriesIn('env_a')).toEqual([]);
});

test('a sparse file of a terabyte ends the packing at the limit', async () => {
  const build = await kept({ limits: { entryBytes: 1_000_000 } }, 'mkdir npm; truncate -s 1T npm/huge');
  expect(build.said).toEqual([expect.stringContaining('over the limit')]);
  expect(entriesIn('env_a')).toEqual([]);
});

test('the machine keeps what was used most recently, up to its limit', async () => {
  const scopes = ['env_a', 'env_b', 'env_c'];
  for (const scope of scopes) await kept({ scope });
  for (const [index, scope] of scopes.entries()) utimesSync(entryFile(scope), 1000 + index, 1000 + index);
  // Used again, though it is the oldest.
  await (await ofBuild({ scope: 'env_a' })).restore();
  await kept({ scope: 'env_d', limits: { totalBytes: 300_000 } });
  expect(Object.fromEntries([...scopes, 'env_d'].map((scope) => [scope, entriesIn(scope).length]))).toEqual({
    env_a: 1,
    env_b: 0,
    env_c: 0,
    env_d: 1,
  });
});

test('concurrent builds of one environment all end with a complete store', async () => {
  await kept();
  const builds = await Promise.all(
    Array.from({ length: 6 }, (_, n) => ofBuild({ fingerprint: String(n + 3).repeat(64) })),
  );
  const restored = await Promise.all(
    builds.map(async (build) => {
      const found = await build.restore();
      asBuildUser(build.store, PACKAGES);
      await build.save();
      return found;
    }),
  );
  // A build whose entry was replaced meanwhile gets an empty store, never half of one.
  for (const [index, build] of builds.entries()) {
    expect(build.said.filter((line) => line.includes('damaged'))).toEqual([]);
    expect(
      restored[index] || build.said[0]?.includes('could not be restored') || build.said[0]?.includes('no npm'),
    ).toBe(true);
  }
  const last = await ofBuild();
  expect(await last.restore()).toBe(true);
  expect(entriesIn('env_a').filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('links, devices and programs with rights in a store lead nowhere and give nobody anything', async () => {
  const outside = path.join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'secret'), 'of the machine', { mode: 0o600 });
  const build = await ofBuild();
  asBuildUser(
    build.store,
    `${PACKAGES}; ln -s ${outside} npm/folder; ln -s ${outside}/secret npm/link; ln -s / npm/root; mkfifo npm/pipe
     cp /bin/true npm/setuid; chmod 6755 npm/setuid`,
  );
  await build.save();
  expect(build.said).toEqual([expect.stringMatching(/^Saved/)]);

  const next = await ofBuild();
  expect(await next.restore()).toBe(true);
  const state = (name: string) => lstatSync(path.join(next.store, 'npm', name));
  expect(state('folder').isSymbolicLink() && state('link').isSymbolicLink() && state('pipe').isFIFO()).toBe(true);
  if (BUILD_USER) expect([state('setuid').uid, state('link').uid]).toEqual([BUILD_USER.uid, BUILD_USER.uid]);
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(readFileSync(path.join(outside, 'secret'), 'utf8')).toBe('of the machine');
});

test.runIf(isRoot)('files that only root may read are not packed, although root starts the packing', async () => {
  const build = await ofBuild();
  asBuildUser(build.store, PACKAGES);
  const planted = path.join(build.store, 'npm', 'secret');
  writeFileSync(planted, 'of the machine', { mode: 0o600 });
  chownSync(planted, 0, 0);
  await build.save();
  expect(build.said).toEqual([expect.stringMatching(/^Note: the npm cache could not be saved: tar ended with code/)]);
  expect(entriesIn('env_a')).toEqual([]);
});

test('a store that holds a link to another place is emptied without touching that place', async () => {
  const outside = path.join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'file'), '');
  const build = await kept({}, `${PACKAGES}; ln -s ${outside} npm/away`);
  await build.empty();
  await build.forget();
  expect([readdirSync(build.store), entriesIn('env_a'), readdirSync(outside)]).toEqual([[], [], ['file']]);
});

test('what killed builds left behind is removed when the next store is kept', async () => {
  await kept();
  const [entry = ''] = entriesIn('env_a');
  for (const name of ['old', 'new']) writeFileSync(path.join(cacheFolder, 'env_a', `${name}.partial`), '');
  utimesSync(path.join(cacheFolder, 'env_a', 'old.partial'), 1000, 1000);
  await kept({ fingerprint: TWO });
  expect(entriesIn('env_a')).not.toContain(entry);
  expect(entriesIn('env_a').filter((name) => name.endsWith('.partial'))).toEqual(['new.partial']);
});

test('on GitHub Actions the workflow is given the name to keep the folder under, and a different one when it was emptied', async () => {
  const output = path.join(folder, 'output');
  await kept({ output });
  expect(readFileSync(output, 'utf8')).toBe(`cache-key=${entriesIn('env_a')[0]}\n`);
  const same = await ofBuild({ output });
  await same.restore();
  await same.save();
  expect(readFileSync(output, 'utf8').split('\n')).toHaveLength(2);
  await same.forget();
  expect(readFileSync(output, 'utf8')).toMatch(/\ncache-key=none\.[0-9a-f]{16}\n$/);
  expect(entriesIn('env_a')).toEqual([]);
});

test.runIf(isRoot)("what is kept belongs to the folder's owner, and nobody else may look", async () => {
  mkdirSync(cacheFolder, { mode: 0o755 });
  chownSync(cacheFolder, 1234, 1234);
  await kept();
  const scope = lstatSync(path.join(cacheFolder, 'env_a'));
  const entry = lstatSync(entryFile());
  expect([scope.uid, scope.mode & 0o777, entry.uid, entry.mode & 0o777]).toEqual([1234, 0o700, 1234, 0o600]);
});
