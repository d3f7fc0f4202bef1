import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc64Ecma } from '../oss/crc64-ecma.ts';
import { extractZip } from './extract-zip.ts';
import { invalidArgument } from './fc-errors.ts';

/** An unpacked code package of a function or a layer. */
export interface StoredCode {
  /** SHA-256 of the zip: names its folder. */
  readonly digest: string;
  /** CRC-64 of the zip, as FC reports it. */
  readonly checksum: string;
  /** Bytes of the zip. */
  readonly size: number;
}

export interface CodeStore {
  /** Unpacks a zip, unless the same bytes already are unpacked. Throws `InvalidArgument` when it is not a usable zip. */
  add(zip: Buffer, expectedChecksum?: string): Promise<StoredCode>;
  /** The folder a package was unpacked into. */
  directoryOf(digest: string): string;
}

export const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/**
 * Keeps every package once, under `{directory}/{digest}`. A folder that exists is complete: packages are unpacked
 * beside it and renamed. On opening, `isUsed` says which folders to keep; nothing is running yet that could need the others.
 */
export function openCodeStore(directory: string, isUsed: (digest: string) => boolean): CodeStore {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (!isUsed(name)) rmSync(path.join(directory, name), { recursive: true, force: true });
  }
  const directoryOf = (digest: string) => path.join(directory, digest);
  return {
    directoryOf,
    async add(zip, expectedChecksum) {
      const crc64 = crc64Ecma();
      crc64.update(zip);
      const checksum = crc64.digest();
      if (expectedChecksum !== undefined && expectedChecksum !== checksum)
        throw invalidArgument(`the checksum of the code package is ${checksum}, not ${expectedChecksum}`);
      const digest = createHash('sha256').update(zip).digest('hex');
      const code = { digest, checksum, size: zip.length };
      if (await exists(directoryOf(digest))) return code;
      const unfinished = directoryOf(`unfinished-${randomUUID()}`);
      try {
        await mkdir(unfinished);
        await extractZip(zip, unfinished);
        await moveIntoPlace(unfinished, directoryOf(digest));
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
      return code;
    },
  };
}

/** Renames a finished folder; if another call was quicker with the same content, its folder stays. */
export async function moveIntoPlace(unfinished: string, finished: string): Promise<void> {
  try {
    await rename(unfinished, finished);
  } catch (error) {
    if (!(await exists(finished))) throw error;
  }
}
