export interface Remembered<Value> {
  /** All who ask for the same at once wait for one `load`. What failed is not remembered. */
  get(key: string): Promise<Value>;
  /** Forgets everything. What is being loaded at this moment is loaded again by the next who asks. */
  forget(): void;
}

/** Remembers what was loaded, for a while and only so many: the one that was not asked for longest goes first. */
export function remember<Value>(
  load: (key: string) => Promise<Value>,
  {
    atMost,
    forMs,
    monotonicMs,
  }: { readonly atMost: number; readonly forMs: number; readonly monotonicMs: () => number },
): Remembered<Value> {
  // A Map iterates in the order of insertion.
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
