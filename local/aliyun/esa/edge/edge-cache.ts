/** One stored answer, with its complete body: what does not fit is not stored. */
export interface CachedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** Unix time in milliseconds. */
  readonly storedAt: number;
  readonly expiresAt: number;
}

export interface EdgeCache {
  /** Undefined when absent or no longer fresh. */
  get(key: string): CachedAnswer | undefined;
  put(key: string, answer: CachedAnswer): void;
  delete(key: string): boolean;
  deleteWhere(matches: (key: string) => boolean): void;
  /** Rises with every `deleteWhere`: an answer whose request began before must not be stored after. */
  readonly purges: number;
  readonly maxEntryBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** A cache that forgets the least recently used answers once it holds more than `maxBytes` of bodies. */
export function createEdgeCache(maxBytes = 32 * MEBIBYTE, maxEntryBytes = 4 * MEBIBYTE): EdgeCache {
  // A Map keeps insertion order: the first key is the least recently used.
  const entries = new Map<string, CachedAnswer>();
  let bytes = 0;
  let purges = 0;

  const remove = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return false;
    bytes -= entry.body.byteLength;
    return entries.delete(key);
  };
  return {
    maxEntryBytes,
    get purges() {
      return purges;
    },
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.expiresAt <= Date.now()) {
        remove(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    put(key, answer) {
      remove(key);
      if (answer.body.byteLength > maxEntryBytes) return;
      entries.set(key, answer);
      bytes += answer.body.byteLength;
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) break;
        remove(oldest);
      }
    },
    delete: remove,
    deleteWhere(matches) {
      purges += 1;
      for (const key of [...entries.keys()].filter(matches)) remove(key);
    },
  };
}

/** Seconds for which a shared cache may keep an answer by its `Cache-Control`; 0: not at all, undefined: unspecified. */
export function sharedMaxAge(headers: Headers): number | undefined {
  if (headers.has('set-cookie')) return 0;
  const directives = (headers.get('cache-control') ?? '').toLowerCase().split(',');
  const names = directives.map((directive) => directive.trim().split('=')[0]);
  if (names.some((name) => name === 'no-store' || name === 'private' || name === 'no-cache')) return 0;
  for (const wanted of ['s-maxage', 'max-age']) {
    const value = directives[names.indexOf(wanted)]?.split('=')[1]?.replaceAll('"', '').trim();
    if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return undefined;
}
