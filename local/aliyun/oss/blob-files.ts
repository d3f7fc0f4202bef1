import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc64Ecma } from './crc64-ecma.ts';
import { OssError } from './oss-error.ts';

/** Content that has arrived completely. It becomes an object or a part when a row names it. */
export interface StoredBlob {
  readonly id: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly md5: string;
  readonly crc64: string;
}

/**
 * Content as files that are written once under a random name. A row in the state names its file, so the
 * commit of that row is the moment an object changes: a reader sees the old or the new content, and a file no row
 * names (after an interrupted upload or a killed process) does not count.
 */
export interface BlobFiles {
  /** Leaves no file behind when the source fails or passes `limitBytes` (`EntityTooLarge`). */
  write(source: AsyncIterable<Buffer>, limitBytes: number): Promise<StoredBlob>;
  /** Opens before it returns, so that a replacement right after cannot pull the file escape. `end` is inclusive. */
  open(id: string, range?: { readonly start: number; readonly end: number }): Readable;
  remove(ids: readonly string[]): void;
  /** Deletes every file that `isNamed` does not know. Only at start, when nothing is being written. */
  sweep(isNamed: (id: string) => boolean): void;
}

export function openBlobFiles(directory: string): BlobFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fileOf = (id: string) => path.join(directory, id.slice(0, 2), id);
  const remove = (id: string) => rmSync(fileOf(id), { force: true });

  return {
    async write(source, limitBytes) {
      const id = randomUUID();
      const md5 = createHash('md5');
      const crc64 = crc64Ecma();
      let size = 0;
      mkdirSync(path.dirname(fileOf(id)), { recursive: true });
      try {
        await pipeline(
          source,
          async function* (chunks: AsyncIterable<Buffer>) {
            for await (const chunk of chunks) {
              size += chunk.length;
              if (size > limitBytes) throw entityTooLarge(limitBytes);
              md5.update(chunk);
              crc64.update(chunk);
              yield chunk;
            }
          },
          createWriteStream(fileOf(id), { flags: 'wx', mode: 0o600 }),
        );
      } catch (error) {
        remove(id);
        throw error;
      }
      return { id, size, md5: md5.digest('hex'), crc64: crc64.digest() };
    },
    open: (id, range) => createReadStream(fileOf(id), { fd: openSync(fileOf(id), 'r'), ...range }),
    remove: (ids) => ids.forEach(remove),
    sweep(isNamed) {
      for (const shard of readdirSync(directory)) {
        for (const id of readdirSync(path.join(directory, shard))) if (!isNamed(id)) remove(id);
      }
    },
  };
}

export const entityTooLarge = (limitBytes: number) =>
  new OssError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.', {
    MaxSizeAllowed: String(limitBytes),
  });
