import type { KvEntry } from './edge/edge-messages.ts';

/**
 * Hands KV changes to the edge after a delay, as the real one does (about 20 s, 300 s at worst). The last write of a key
 * wins whatever the delays: an older one that arrives later is dropped.
 */
export function delayedKv(delayMs: () => number, deliver: (entry: KvEntry) => void) {
  const timers = new Set<NodeJS.Timeout>();
  const delivered = new Map<string, number>();
  let writes = 0;

  const arrive = (name: string, write: number, entry: KvEntry) => {
    if ((delivered.get(name) ?? 0) > write) return;
    delivered.set(name, write);
    deliver(entry);
  };
  return {
    changed(entry: KvEntry): void {
      writes += 1;
      const [write, delay, name] = [writes, delayMs(), `${entry.namespace}\n${entry.key}`];
      if (delay <= 0) {
        arrive(name, write, entry);
        return;
      }
      const timer = setTimeout(() => {
        timers.delete(timer);
        arrive(name, write, entry);
        if (timers.size === 0) delivered.clear();
      }, delay);
      timer.unref();
      timers.add(timer);
    },
    close(): void {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
