import { type Zippable, zipSync } from 'fflate';

/** Path inside a zip → content. */
export type ZipFiles = ReadonlyMap<string, Uint8Array>;

const UNIX = 3;
const REGULAR_FILE = 0o100644 << 16;

/**
 * A zip whose bytes depend on nothing but names and contents: entries in order of their names, one date, one mode. Function
 * Compute tells a changed package by its checksum, so the same code must always be the same zip. `level` is deflate's.
 */
export function deterministicZip(files: ZipFiles, level: 0 | 6 = 6): Buffer {
  // fflate writes local time: this is the same in every time zone.
  const mtime = new Date(1980, 0, 1, 0, 0, 0);
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    const content = files.get(name);
    if (content) entries[name] = [content, { level, mtime, os: UNIX, attrs: REGULAR_FILE }];
  }
  return Buffer.from(zipSync(entries));
}
