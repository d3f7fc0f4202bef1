import { createHash, randomBytes } from 'node:crypto';
import { appendFile, lchown, mkdir, rename, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { BuildUser } from '../commands/build-user.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import { type CacheEntry, entriesOf, entryName, removeEntries, replaceEntries, shrinkCache } from './cache-entries.ts';
import { DamagedStore, packStore, StoreTooLarge, unpackStore } from './packed-store.ts';
import type { StoreKind } from './store-variables.ts';

/** What the machine keeps for the next build, and for whom. */
export interface CachePlace {
  /** Closed to the users that builds run as. */
  readonly folder: string;
  /** `cache_scope` of the run. */
  readonly scope: string;
  /** `cache_key` of the job. */
  readonly key: string;
  /** A file of GitHub Actions that receives the name to keep the folder under; undefined where the folder itself persists. */
  readonly output: string | undefined;
}

/** The packages that builds of an environment fetched. Nothing here throws: a build without them is only slower. */
export interface PackageCache {
  /** Variables for the build's commands: where the store is. */
  readonly variables: Readonly<Record<string, string>>;
  /** Fills the store with what the last build kept; whether there was something. */
  restore(): Promise<boolean>;
  /** Keeps the store, unless the same is kept already. Call it after a successful install, when its processes have ended. */
  save(): Promise<void>;
  /** Empties the store; what is kept stays until it is replaced. */
  empty(): Promise<void>;
  /** Deletes what is kept: the next build starts empty. */
  forget(): Promise<void>;
}

/** For builds without a cache. */
export const NO_CACHE: PackageCache = {
  variables: {},
  restore: async () => false,
  save: async () => {},
  empty: async () => {},
  forget: async () => {},
};

export interface CacheLimits {
  /** One environment's. */
  readonly entryBytes: number;
  /** All that this machine keeps. */
  readonly totalBytes: number;
  readonly milliseconds: number;
}

export const CACHE_LIMITS: CacheLimits = {
  entryBytes: 1024 ** 3,
  totalBytes: 8 * 1024 ** 3,
  milliseconds: 2 * 60_000,
};

/** An archive of empty folders. */
const NOTHING_BYTES = 12 * 1024;

const sizeOf = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export async function openPackageCache({
  place,
  kind,
  fingerprint,
  workFolder,
  user,
  log,
  signal,
  limits = CACHE_LIMITS,
}: {
  place: CachePlace;
  kind: StoreKind;
  fingerprint: string;
  /** Nobody but this process may rename what is in it. */
  workFolder: string;
  user: BuildUser | undefined;
  log: Pick<LogShipper, 'line'>;
  signal: AbortSignal;
  limits?: CacheLimits;
}): Promise<PackageCache> {
  const { folder, scope, output } = place;
  const store = path.join(workFolder, 'store');
  const key = createHash('sha256').update(`package-cache|${place.key}`).digest();
  let restored: CacheEntry | undefined;
  let emptied = 0;

  const titleOf = (of: Pick<CacheEntry, 'kind' | 'fingerprint'>) => `${of.kind}.${of.fingerprint}`;
  const packed = (file: string, of: Pick<CacheEntry, 'kind' | 'fingerprint'>) => ({
    store,
    file,
    user,
    key,
    title: titleOf(of),
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.milliseconds)]),
  });

  async function makeStore() {
    await mkdir(store, { mode: 0o700 });
    if (user) await lchown(store, user.uid, user.gid);
  }
  /** Its content may be nested deeper than a path can express: it is removed with the work folder, not now. */
  async function emptyStore() {
    emptied += 1;
    await rename(store, `${store}-${emptied}`);
    await makeStore();
  }
  const announce = async (name: string) => {
    if (output !== undefined) await appendFile(output, `cache-key=${name}\n`);
  };
  const forget = async () => {
    await removeEntries(folder, scope);
    await announce(`none.${randomBytes(8).toString('hex')}`);
  };
  /** Runs something that may fail, and logs why it did. */
  async function orNote<T>(what: string, fallback: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) log.line(`Note: the ${kind.name} cache could not be ${what}: ${why}`);
      return fallback;
    }
  }

  async function restore(): Promise<boolean> {
    const entry = (await entriesOf(folder, scope)).find((it) => it.kind === kind.name);
    if (!entry) {
      log.line(`There is no ${kind.name} cache of this environment yet`);
      return false;
    }
    const began = Date.now();
    try {
      await unpackStore(packed(entry.file, entry));
    } catch (error) {
      await emptyStore();
      if (!(error instanceof DamagedStore)) throw error;
      log.line(`Note: the ${kind.name} cache is damaged; it is thrown away`);
      await forget();
      return false;
    }
    restored = entry;
    log.line(
      `Restored the ${kind.name} cache (${sizeOf(entry.bytes)}) in ${((Date.now() - began) / 1000).toFixed(1)} s`,
    );
    await utimes(entry.file, new Date(), new Date()).catch(() => {});
    return true;
  }

  async function save(): Promise<void> {
    if (restored?.fingerprint === fingerprint) return;
    const name = entryName(kind.name, fingerprint);
    const of = { kind: kind.name, fingerprint };
    try {
      const bytes = await replaceEntries(folder, scope, name, async (file) => {
        const size = await packStore(packed(file, of), limits.entryBytes);
        if (size < NOTHING_BYTES) throw new NothingToKeep();
        return size;
      });
      await announce(name);
      log.line(`Saved the ${kind.name} cache (${sizeOf(bytes)})`);
      await shrinkCache(folder, limits.totalBytes);
    } catch (error) {
      if (error instanceof NothingToKeep) return;
      if (!(error instanceof StoreTooLarge)) throw error;
      // The cache grows with each lockfile. The next build starts empty, and fetches only what it needs.
      log.line(`Note: the ${kind.name} cache is not kept: it is over the limit of ${sizeOf(limits.entryBytes)}`);
      await forget();
    }
  }

  try {
    await makeStore();
  } catch {
    return NO_CACHE;
  }
  return {
    variables: kind.variables(store),
    restore: () => orNote('restored', false, restore),
    save: () => orNote('saved', undefined, save),
    empty: () =>
      orNote('emptied', undefined, async () => {
        restored = undefined;
        await emptyStore();
      }),
    forget: () => orNote('removed', undefined, forget),
  };
}

class NothingToKeep extends Error {}
