import { closeSync, futimesSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

export interface NewFile {
  readonly mode: number;
  /** Kept: generators print it, and rebuilding a commit should produce the same bytes. */
  readonly mtime: Date | undefined;
}

/** Writes one file, piece by piece. */
export interface FileWriter {
  write(bytes: Buffer): void;
  end(): void;
}

/**
 * Writes into an empty folder. Nothing is overwritten, and links are created last, so that no file can be
 * written through one. Synchronous: a source consists of small files, and passing each through Node's thread pool four times
 * takes several times as long as writing it.
 */
export function createSourceWriter(folder: string) {
  const made = new Set<string>();
  const links: { readonly inner: string; readonly target: string }[] = [];

  function makeFolder(inner: string) {
    if (made.has(inner)) return;
    mkdirSync(path.join(folder, inner), { recursive: true });
    made.add(inner);
  }

  return {
    folder: makeFolder,
    file(inner: string, { mode, mtime }: NewFile): FileWriter {
      makeFolder(path.dirname(inner));
      const file = openSync(path.join(folder, inner), 'wx', mode);
      return {
        write(bytes) {
          for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
        },
        end() {
          if (mtime) futimesSync(file, mtime, mtime);
          closeSync(file);
        },
      };
    },
    link: (inner: string, target: string) => void links.push({ inner, target }),
    /** Makes the links, and says which there are. */
    finish(): readonly string[] {
      // All of their folders first: a link must not be created through another one either.
      for (const { inner } of links) makeFolder(path.dirname(inner));
      for (const { inner, target } of links) symlinkSync(target, path.join(folder, inner));
      return links.map(({ inner }) => inner);
    },
  };
}
