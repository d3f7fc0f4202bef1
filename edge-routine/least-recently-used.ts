/** A map that evicts the least recently used entries, as soon as their total weight passes `capacity`. */
export interface LeastRecentlyUsed<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value, weight: number): void;
  delete(key: string): void;
}

/** An entry heavier than the whole capacity is not kept. */
export function leastRecentlyUsed<Value>(capacity: number): LeastRecentlyUsed<Value> {
  // A Map iterates in order of insertion: re-inserting on every use keeps the oldest entry first.
  const entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  let total = 0;

  function remove(key: string): void {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, weight) {
      remove(key);
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= capacity) break;
        remove(oldest);
      }
    },
    delete: remove,
  };
}
