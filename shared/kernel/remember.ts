export interface Remembered<Value> {
  /** Concurrent callers for the same key share one `load`. Failures are not cached. */
  get(key: string): Promise<Value>;
  /** Empties the cache. A load in progress is repeated by the next caller. */
  forget(): void;
}

/** A cache with an expiry and a maximum size: the least recently used entry is evicted. */
export function remember<Value>(
  load: (key: string) => Promise<Value>,
  {
    atMost,
    forMs,
    monotonicMs,
  }: { readonly atMost: number; readonly forMs: number; readonly monotonicMs: () => number },
): Remembered<Value> {
  // A Map iterates in insertion order.
  const kept = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();
  return {
    get(key) {
      const known = kept.get(key);
      kept.delete(key);
      if (known && monotonicMs() < known.until) {
        kept.set(key, known);
        return known.value;
      }
      const loading = { value: load(key), until: monotonicMs() + forMs };
      kept.set(key, loading);
      loading.value.catch(() => {
        if (kept.get(key) === loading) kept.delete(key);
      });
      const [oldest] = kept.keys();
      if (kept.size > atMost && oldest !== undefined) kept.delete(oldest);
      return loading.value;
    },
    forget: () => kept.clear(),
  };
}
