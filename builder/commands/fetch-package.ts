import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import semver from 'semver';
import { extract } from 'tar';
import { errorCode } from '../build-failure.ts';

/**
 * Programs that the runner fetches from npm for a build: other Node.js versions, package managers. The runner fetches them before
 * any of the user's commands runs, with its own cache: no build can tamper with what another downloads. A package's scripts are not run.
 */
export interface PackageSource {
  /** For npm, which is on its PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** The work folder, which only this process writes to. */
  readonly workFolder: string;
  /** Where packages are kept for other builds on this machine; undefined on machines used only once. */
  readonly kept: string | undefined;
  readonly signal: AbortSignal;
}

export interface FetchedPackage {
  /** In the work folder. */
  readonly folder: string;
  readonly version: string;
  /** Files by name of the program, relative to the folder. */
  readonly programs: Readonly<Record<string, string>>;
  /** Of the archive it came in, in hexadecimal. */
  readonly digests: Readonly<Record<DigestName, string>>;
}

const DIGESTS = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export type DigestName = (typeof DIGESTS)[number];
export const isDigestName = (name: string): name is DigestName => (DIGESTS as readonly string[]).includes(name);

/** A version, a range without spaces, or a tag: nothing that npm would take for a folder, an option or an address. */
const ASKABLE = /^[\w^~][\w.^~+-]*$/;
const FRESH_MS = 24 * 60 * 60_000;
const LIMIT_MS = 2 * 60_000;
/** By default npm waits more than a minute before it reports a registry as unreachable. */
const IMPATIENT = { npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '4000' };
/** Beside the package's own files. */
const RECORD = '.miaobu-digests.json';

/** `only` names the files that are wanted, relative to the package, besides its package.json. Throws when it cannot be achieved. */
export async function fetchPackage(
  { name, wanted, only }: { name: string; wanted: string; only?: readonly string[] },
  source: PackageSource,
): Promise<FetchedPackage> {
  if (!ASKABLE.test(wanted)) throw new Error(`${JSON.stringify(wanted)} is no version`);
  const folder = path.join(source.workFolder, 'tools', name.replace('/', '+'));
  const { kept } = source;
  const known = kept === undefined ? [] : await keptVersions(kept, name, wanted);
  const fresh = known.find((it) => it.isFresh);
  if (kept === undefined) {
    await download(`${name}@${wanted}`, folder, only, source);
  } else if (fresh) {
    await noteUse(fresh.folder);
    await linkTree(fresh.folder, folder);
  } else {
    await linkTree(await downloadInto(kept, { name, wanted, only }, source, known[0]?.folder), folder);
  }
  if (kept !== undefined) await removeUnused(kept);
  return describe(folder);
}

/** What a machine keeps. Another build may be copying one that was used within the last hour. */
const KEPT_PACKAGES = 40;
const IN_USE_MS = 60 * 60_000;

/** Stored as the access time: the modification time is the age of the registry's answer. */
async function noteUse(folder: string): Promise<void> {
  const { mtime } = await lstat(folder);
  await utimes(folder, new Date(), mtime);
}

/** Builds may ask for any version that ever existed, so the least recently used ones are removed. */
async function removeUnused(kept: string): Promise<void> {
  const names = await readdir(kept).catch(() => []);
  if (names.length <= KEPT_PACKAGES) return;
  const folders = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(kept, name);
      const state = await lstat(folder).catch(() => undefined);
      return { folder, usedAt: state?.atimeMs ?? 0 };
    }),
  );
  const unused = folders.filter(({ usedAt }) => Date.now() - usedAt > IN_USE_MS).sort((a, b) => b.usedAt - a.usedAt);
  const keep = Math.max(0, KEPT_PACKAGES - (folders.length - unused.length));
  for (const { folder } of unused.slice(keep)) await rm(folder, { recursive: true, force: true });
}

const keptName = (name: string, version: string) => `${name.replace('/', '+')}@${version}`;

/** Those that match, newest first. A version never changes; a range or tag is looked up again after a day. */
async function keptVersions(kept: string, name: string, wanted: string) {
  const prefix = keptName(name, '');
  const names = (await readdir(kept).catch(() => [])).filter((it) => it.startsWith(prefix));
  const versions = names.map((it) => it.slice(prefix.length)).filter((it) => semver.valid(it) !== null);
  const fitting = versions.filter((it) => it === wanted || semver.satisfies(it, wanted));
  fitting.sort(semver.rcompare);
  return Promise.all(
    fitting.map(async (version) => {
      const folder = path.join(kept, prefix + version);
      const { mtimeMs } = await lstat(folder);
      return { folder, isFresh: version === wanted || Date.now() - mtimeMs < FRESH_MS };
    }),
  );
}

/** Returns the folder in `kept`; an older version when a newer one cannot be asked for. */
async function downloadInto(
  kept: string,
  { name, wanted, only }: { name: string; wanted: string; only: readonly string[] | undefined },
  source: PackageSource,
  older: string | undefined,
): Promise<string> {
  await mkdir(kept, { recursive: true, mode: 0o700 });
  const partial = path.join(kept, `.${randomBytes(8).toString('hex')}`);
  try {
    await download(`${name}@${wanted}`, partial, only, source);
    const { version } = await describe(partial);
    const folder = path.join(kept, keptName(name, version));
    // Replaces the previous answer for a range, or one that another build stored meanwhile.
    await rename(partial, folder).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      await rename(folder, `${partial}-old`);
      await rename(partial, folder);
    });
    return folder;
  } catch (error) {
    if (older === undefined || source.signal.aborted) throw error;
    return older;
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(`${partial}-old`, { recursive: true, force: true });
  }
}

async function download(
  spec: string,
  folder: string,
  only: readonly string[] | undefined,
  { environment, workFolder, signal }: PackageSource,
): Promise<void> {
  const temporary = await mkdtemp(path.join(workFolder, 'fetch-'));
  try {
    // Without a prefix npm looks for an .npmrc in the folders above, such as `/tmp`, where others may write.
    await promisify(execFile)('npm', ['pack', '--silent', '--ignore-scripts', '--prefix', temporary, spec], {
      cwd: temporary,
      env: {
        ...environment,
        ...IMPATIENT,
        HOME: temporary,
        TMPDIR: temporary,
        npm_config_cache: path.join(temporary, 'cache'),
      },
      signal,
      timeout: LIMIT_MS,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: Error & { stderr?: string }) => {
      signal.throwIfAborted();
      throw new Error(lastWords(error.stderr ?? '') || error.message.split('\n', 1)[0]);
    });
    const archive = (await readdir(temporary)).find((it) => it.endsWith('.tgz'));
    if (archive === undefined) throw new Error('npm has brought no package');
    const file = path.join(temporary, archive);
    await mkdir(folder, { recursive: true });
    await extract({
      file,
      cwd: folder,
      strip: 1,
      preserveOwner: false,
      // Some archives contain files that only their owner may read.
      onReadEntry: (entry) => {
        entry.mode = ((entry.mode ?? 0) & 0o755) | 0o644;
      },
      filter: (name, entry) => {
        if (!('type' in entry) || (entry.type !== 'File' && entry.type !== 'OldFile')) return false;
        const inPackage = name.split('/').slice(1).join('/');
        return only === undefined || inPackage === 'package.json' || only.includes(inPackage);
      },
    });
    await writeFile(path.join(folder, RECORD), JSON.stringify(await digestsOf(file)));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The line of npm's output that gives the reason. */
const lastWords = (stderr: string) =>
  stderr
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/^(code|npm warn|A complete log|errno|syscall)\b/i.test(line))[0] ?? '';

export async function digestsOf(file: string): Promise<Record<DigestName, string>> {
  const hashes = DIGESTS.map((name) => createHash(name));
  for await (const chunk of createReadStream(file)) for (const hash of hashes) hash.update(chunk);
  const [sha1 = '', sha224 = '', sha256 = '', sha384 = '', sha512 = ''] = hashes.map((hash) => hash.digest('hex'));
  return { sha1, sha224, sha256, sha384, sha512 };
}

async function describe(folder: string): Promise<FetchedPackage> {
  const { version, bin, name } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const programs = typeof bin === 'string' ? { [path.basename(name)]: bin } : (bin ?? {});
  return { folder, version, programs, digests: JSON.parse(await readFile(path.join(folder, RECORD), 'utf8')) };
}

/** The same files under another name, without copying bytes where the disk allows it. The build cannot write them: it does not own them. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  for (const entry of entries) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isFile()) await link(source, target).catch(() => copyFile(source, target));
  }
}
