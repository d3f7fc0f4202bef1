import type { KvEntry } from './edge-messages.ts';

export type KvRead = (namespace: string, key: string) => Uint8Array | undefined;

/** This edge's copy of Edge KV: whole, in memory, fed by the control plane. */
export function createEdgeKvStore() {
  const entries = new Map<string, KvEntry>();
  const name = (namespace: string, key: string) => `${namespace}\n${key}`;
  return {
    apply(entry: KvEntry): void {
      const at = name(entry.namespace, entry.key);
      if (entry.value === undefined) entries.delete(at);
      else entries.set(at, entry);
    },
    read(namespace: string, key: string): Uint8Array | undefined {
      const entry = entries.get(name(namespace, key));
      return entry?.expiresAt !== undefined && entry.expiresAt <= Date.now() ? undefined : entry?.value;
    },
  };
}

/**
 * The class `EdgeKV` as a routine sees it. `get` is always asynchronous, gives `undefined` for a missing key, and a
 * stream unless `type` says otherwise, as documented (the vendor's own mock returns text: always name the type).
 */
export function edgeKvClass(read: KvRead) {
  return class EdgeKV {
    readonly #namespace: string;

    constructor(options?: { namespace?: string }) {
      if (typeof options?.namespace !== 'string' || options.namespace === '')
        throw new TypeError('EdgeKV needs a namespace: new EdgeKV({ namespace })');
      this.#namespace = options.namespace;
    }

    async get(key: string, options: { type?: string } = {}): Promise<unknown> {
      if (typeof key !== 'string') throw new TypeError('The key of EdgeKV.get is a string.');
      const type = options.type ?? 'stream';
      if (!['stream', 'text', 'json', 'arrayBuffer'].includes(type))
        throw new TypeError(`EdgeKV.get does not know the type ${type}.`);
      const value = read(this.#namespace, key);
      if (value === undefined) return undefined;
      switch (type) {
        case 'text':
          return new TextDecoder().decode(value);
        case 'json':
          return JSON.parse(new TextDecoder().decode(value));
        case 'arrayBuffer':
          return Uint8Array.from(value).buffer;
        default:
          return new Blob([Uint8Array.from(value)]).stream();
      }
    }
  };
}
