import { randomBytes } from 'node:crypto';
import { lchown, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** One packed store, `{folder}/{scope}/{kind}.{fingerprint}.{random}`. */
export interface CacheEntry {
  readonly file: string;
  /** Name of a `StoreKind`. */
  readonly kind: string;
  /** See `installFingerprint`. */
  readonly fingerprint: string;
  readonly bytes: number;
  /** Milliseconds of the epoch. */
  readonly usedAt: number;
}

const NAME = /^([a-z-]+)\.([0-9a-f]{64})\.[0-9a-f]{16}$/;
const PARTIAL = /\.partial$/;
/** No build takes this long: anything still partial by then was left by a killed build. */
const LEFT_BEHIND_MS = 3 * 60 * 60_000;

export const entryName = (kind: string, fingerprint: string) =>
  `${kind}.${fingerprint}.${randomBytes(8).toString('hex')}`;

async function filesIn(folder: string) {
  const names = await readdir(folder).catch(() => []);
  const states = await Promise.all(
    names.map(async (name) => {
      const state = await lstat(path.join(folder, name)).catch(() => undefined);
      return state?.isFile() ? [{ name, state }] : [];
    }),
  );
  return states.flat();
}

/** The entries of a scope, most recently used first. */
export async function entriesOf(folder: string, scope: string): Promise<CacheEntry[]> {
  const entries = (await filesIn(path.join(folder, scope))).flatMap(({ name, state }) => {
    const [, kind, fingerprint] = NAME.exec(name) ?? [];
    if (kind === undefined || fingerprint === undefined) return [];
    const file = path.join(folder, scope, name);
    return [{ file, kind, fingerprint, bytes: state.size, usedAt: state.mtimeMs }];
  });
  return entries.sort(byLastUse);
}

const byLastUse = (a: CacheEntry, b: CacheEntry) => b.usedAt - a.usedAt || (a.file < b.file ? -1 : 1);

/** The cache's files belong to the folder's owner: on GitHub Actions not to root, who builds, but to the user who uploads it. */
async function giveToOwner(folder: string, file: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await lstat(folder);
  await lchown(file, uid, gid);
}

/**
 * Writes a new entry, replacing the scope's others. A build that is reading one of them can finish reading; of two builds that
 * write, the later one's entry stays.
 */
export async function replaceEntries(
  folder: string,
  scope: string,
  name: string,
  write: (file: string) => Promise<number>,
): Promise<number> {
  const place = path.join(folder, scope);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(place, { recursive: true, mode: 0o700 });
  await giveToOwner(folder, place);
  const partial = path.join(place, `${name}.partial`);
  try {
    const bytes = await write(partial);
    await giveToOwner(folder, partial);
    await rename(partial, path.join(place, name));
    await keepNewest(folder, scope);
    await removeLeftBehind(place);
    return bytes;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Builds that end at the same time agree on which entry is newest, so exactly one is left. */
async function keepNewest(folder: string, scope: string): Promise<void> {
  const [, ...older] = await entriesOf(folder, scope);
  for (const { file } of older) await rm(file, { force: true });
}

/** Deletes a scope's entries. */
export async function removeEntries(folder: string, scope: string): Promise<void> {
  for (const { file } of await entriesOf(folder, scope)) await rm(file, { force: true });
}

async function removeLeftBehind(place: string): Promise<void> {
  for (const { name, state } of await filesIn(place)) {
    const isLeftBehind = PARTIAL.test(name) && Date.now() - state.mtimeMs > LEFT_BEHIND_MS;
    if (isLeftBehind) await rm(path.join(place, name), { force: true });
  }
}

/** Removes entries of any scope, least recently used first, until the rest fits. */
export async function shrinkCache(folder: string, limitBytes: number): Promise<void> {
  const scopes = await readdir(folder).catch(() => []);
  const entries = (await Promise.all(scopes.map((scope) => entriesOf(folder, scope)))).flat();
  entries.sort(byLastUse);
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.bytes;
    if (bytes > limitBytes) await rm(entry.file, { force: true });
  }
}
