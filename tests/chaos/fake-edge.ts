import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import type { VirtualClock } from './virtual-clock.ts';

/** Edge KV promises that a write is visible everywhere within this time; until then a visitor may get the previous value. */
const PROPAGATION_MS = 300_000;
/** How long a signed request is valid: a write can land this late, long after its caller gave up. */
const SIGNATURE_MS = 15 * 60_000;

export interface FakeEdge {
  readonly store: EdgeStore;
  readonly zone: EdgeZone;
  /** What some edge location may answer for this key now: the value, and values replaced moments ago. */
  visible(namespace: string, key: string): string[];
  /** The last written value. */
  current(namespace: string, key: string): string | undefined;
  keys(namespace: string): string[];
  /** A write still in flight although its caller was told that it failed. */
  putLater(namespace: string, key: string, value: string): void;
  readonly late: () => number;
  /** Lets the oldest write in flight land, unless its signature has expired. Returns what landed. */
  landOne(): string | undefined;
  readonly changes: () => number;
}

interface Written {
  readonly value: string | undefined;
  readonly replacedAt: number;
}

export function fakeEdge(clock: VirtualClock): FakeEdge {
  const values = new Map<string, string>();
  const times = new Map<string, Date>();
  const before = new Map<string, Written[]>();
  const late: { readonly at: string; readonly value: string; readonly sentAt: number }[] = [];
  let changes = 0;
  const place = (namespace: string, key: string) => `${namespace} ${key}`;

  const keysOf = (namespace: string) =>
    [...values.keys()].filter((at) => at.startsWith(`${namespace} `)).map((at) => at.slice(namespace.length + 1));

  function write(at: string, value: string | undefined): void {
    const earlier = (before.get(at) ?? []).filter(({ replacedAt }) => replacedAt > clock.now() - PROPAGATION_MS);
    before.set(at, [...earlier, { value: values.get(at), replacedAt: clock.now() }]);
    if (value === undefined) values.delete(at);
    else values.set(at, value);
    times.set(at, clock.date());
    changes += 1;
  }

  return {
    store: {
      async put(namespace, key, value) {
        write(place(namespace, key), value);
      },
      async putMany(namespace, entries) {
        for (const { key, value } of entries) write(place(namespace, key), value);
      },
      get: async (namespace, key) => values.get(place(namespace, key)),
      async delete(namespace, key) {
        write(place(namespace, key), undefined);
      },
      list: async (namespace, prefix) => ({
        keys: keysOf(namespace)
          .filter((key) => key.startsWith(prefix))
          .map((key) => ({ key, updatedAt: times.get(place(namespace, key)) ?? clock.date() })),
        truncated: false,
      }),
    },
    zone: {
      ensureSiteRecord: async ({ hostname }) => ({ cname: `${hostname}.edge.example`, changed: false }),
      deleteSiteRecord: async () => {},
      purgeHostname: async () => {},
    },
    visible(namespace, key) {
      const at = place(namespace, key);
      const earlier = (before.get(at) ?? []).filter(({ replacedAt }) => replacedAt > clock.now() - PROPAGATION_MS);
      return [values.get(at), ...earlier.map(({ value }) => value)].filter((value) => value !== undefined);
    },
    current: (namespace, key) => values.get(place(namespace, key)),
    keys: keysOf,
    putLater(namespace, key, value) {
      late.push({ at: place(namespace, key), value, sentAt: clock.now() });
    },
    late: () => late.length,
    landOne() {
      const landing = late.shift();
      if (!landing || landing.sentAt < clock.now() - SIGNATURE_MS) return undefined;
      write(landing.at, landing.value);
      return landing.at;
    },
    changes: () => changes,
  };
}
