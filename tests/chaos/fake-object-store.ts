import { Readable } from 'node:stream';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import type { VirtualClock } from './virtual-clock.ts';

interface Link {
  readonly key: string;
  readonly contentLength: number;
  readonly forbidOverwrite: boolean;
  readonly expiresAt: number;
}

/** A bucket in memory, with what a presigned link allows its holder. */
export interface FakeObjectStore extends ObjectStore {
  /** What the bucket answers to a PUT: 200, 400 for another length, 403 for an expired link, 409 where overwriting is forbidden. */
  upload(url: string, body: Buffer): number;
  readonly objects: ReadonlyMap<string, Buffer>;
  /** Grows with every change of what is there. */
  readonly changes: () => number;
}

export function fakeObjectStore(clock: VirtualClock): FakeObjectStore {
  const objects = new Map<string, Buffer>();
  const times = new Map<string, Date>();
  const links = new Map<string, Link>();
  let changes = 0;
  const store = (key: string, body: Buffer) => {
    objects.set(key, body);
    times.set(key, clock.date());
    changes += 1;
  };
  return {
    objects,
    changes: () => changes,
    async put(key, body, options) {
      if (!Buffer.isBuffer(body)) throw new TypeError('the simulator keeps buffers only');
      if (options?.forbidOverwrite && objects.has(key)) throw new AppError('conflict');
      store(key, body);
    },
    async get(key) {
      const body = objects.get(key);
      return body && { body: Readable.from([body]), size: body.length };
    },
    async read(key, limitBytes) {
      const body = objects.get(key);
      if (body && body.length > limitBytes) throw new AppError('payload_too_large');
      return body;
    },
    async head(key) {
      const body = objects.get(key);
      return body && { size: body.length, etag: '"none"' };
    },
    async delete(keys) {
      for (const key of keys) if (objects.delete(key)) changes += 1;
    },
    async list(prefix, page = {}) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > (page.cursor ?? '')).sort();
      const shown = keys.slice(0, page.limit ?? 1000);
      const last = shown.at(-1);
      return {
        objects: shown.map((key) => ({
          key,
          size: objects.get(key)?.length ?? 0,
          lastModified: times.get(key) ?? clock.date(),
        })),
        ...(shown.length < keys.length && last !== undefined ? { nextCursor: last } : {}),
      };
    },
    async listFolders(prefix) {
      const folders = [...objects.keys()]
        .filter((key) => key.startsWith(prefix) && key.includes('/', prefix.length))
        .map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1));
      return { folders: [...new Set(folders)].sort() };
    },
    async presignPut(key, options) {
      const url = `https://bucket.example/${key}?link=${links.size}`;
      links.set(url, {
        key,
        contentLength: options.contentLength,
        forbidOverwrite: options.forbidOverwrite ?? false,
        expiresAt: clock.now() + options.expiresInSeconds * 1000,
      });
      return { url, headers: {} };
    },
    upload(url, body) {
      const link = links.get(url);
      if (!link || link.expiresAt < clock.now()) return 403;
      if (link.contentLength !== body.length) return 400;
      if (link.forbidOverwrite && objects.has(link.key)) return 409;
      store(link.key, body);
      return 200;
    },
  };
}
