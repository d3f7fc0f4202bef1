import { createHash, hash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** A content's identity (SHA-256, lower-case hex) and its checksum in transit (MD5, base64: `Content-MD5`). */
export interface ContentDigests {
  readonly sha256: string;
  readonly md5: string;
}

/** Read synchronously, without Node's thread pool, which costs several times as much as reading a small file. */
export const SMALL_FILE_BYTES = 64 * 1024;
const FILES_IN_A_ROW = 64;

export const digestsOf = (content: Buffer): ContentDigests => ({
  sha256: hash('sha256', content, 'hex'),
  md5: hash('md5', content, 'base64'),
});

/** Reads files and hashes them, yielding to other work in between. */
export function createFileHasher() {
  let inARow = 0;
  return async (file: string, bytes: number): Promise<ContentDigests> => {
    if (bytes <= SMALL_FILE_BYTES) {
      inARow += 1;
      if (inARow % FILES_IN_A_ROW === 0) await setImmediate();
      return digestsOf(readFileSync(file));
    }
    const sha256 = createHash('sha256');
    const md5 = createHash('md5');
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
      sha256.update(chunk);
      md5.update(chunk);
    }
    return { sha256: sha256.digest('hex'), md5: md5.digest('base64') };
  };
}
