import { createReadStream } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Parser, ReadEntry } from 'tar';
import { BuildFailure } from '../build-failure.ts';
import { isInside } from './folder-inside.ts';
import { createSourceWriter } from './source-writer.ts';

const SOURCE_LIMITS = { entries: 200_000, bytes: 4 * 1024 * 1024 * 1024 } as const;

const CHUNK_BYTES = 256 * 1024;
/** An entry's header, another one for a long name, and the padding of its last block. */
const ENTRY_OVERHEAD_BYTES = 4 * 1024;

/** The entry types of a commit's archive. Git never writes hard links, devices or pipes. */
const KNOWN_TYPES = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir', 'SymbolicLink']);

/** Why the entry must not be unpacked, or undefined. `inner` is its path without the archive's top folder. */
function entryProblem(entry: ReadEntry, inner: string): string | undefined {
  if (!KNOWN_TYPES.has(entry.type)) return `is a ${entry.type}, which a source archive never contains`;
  if (path.posix.isAbsolute(entry.path)) return 'has an absolute path';
  if (entry.path.split('/').includes('..')) return 'has a path with ..';
  if (entry.type !== 'SymbolicLink') return undefined;
  const target = entry.linkpath ?? '';
  const reached = path.posix.join(path.posix.dirname(inner), target);
  const leaves = path.posix.isAbsolute(target) || reached === '..' || reached.startsWith('../');
  return leaves ? `is a symbolic link out of the repository, to ${JSON.stringify(target)}` : undefined;
}

/** As many links as Linux follows before it gives up. */
const LINKS_FOLLOWED = 40;

/**
 * Whether a symbolic link stays in `root` at every step. Implemented here because `realpath` only follows what
 * exists, and a link may point to something that the build has yet to create.
 */
async function staysInside(root: string, link: string): Promise<boolean> {
  let current = await realpath(path.dirname(link));
  let rest = (await readlink(link)).split('/');
  for (let followed = 0; isInside(root, current); ) {
    const [segment, ...others] = rest;
    if (segment === undefined) return true;
    rest = others;
    const next = path.join(current, segment);
    const state = await lstat(next).catch(() => undefined);
    if (!state?.isSymbolicLink()) {
      current = next;
      continue;
    }
    followed += 1;
    if (followed > LINKS_FOLLOWED) return false;
    rest = [...(await readlink(next)).split('/'), ...others];
  }
  return false;
}

/** Feeds `file` to the parser, piece by piece. Throws for an invalid archive, and whatever the parser's listeners throw. */
async function readArchive(file: string, parser: Parser, limitBytes: number, signal: AbortSignal): Promise<void> {
  let failure: Error | null = null;
  let size = 0;
  parser.on('error', (error: Error) => {
    failure ??= error;
  });
  function step(work: () => void, done: (error: Error | null) => void) {
    try {
      work();
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
    }
    done(failure);
  }
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      // The sizes of entries are checked one by one; this limits what lies between them.
      if (size > limitBytes) done(new Error('it is too large'));
      else step(() => parser.write(chunk), done);
    },
    final: (done) => step(() => parser.end(), done),
  });
  const compressed = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  await pipeline(compressed, createGunzip({ chunkSize: CHUNK_BYTES }), sink, { signal });
}

/**
 * Unpacks a tar.gz without its top folder into the empty `folder`. Throws `BuildFailure` (`source_invalid`) for anything
 * that is, or leads, outside it. Returns the number of files.
 */
export async function extractSource(
  archive: string,
  folder: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const { Parser } = await import('tar');
  const writer = createSourceWriter(folder);
  let entries = 0;
  let bytes = 0;
  let files = 0;

  const refuse = (problem: string): never => {
    throw new BuildFailure('source_invalid', `The source archive was refused: ${problem}.`);
  };

  function unpack(entry: ReadEntry) {
    entries += 1;
    bytes += entry.size;
    const inner = entry.path.split('/').slice(1).join('/');
    const wrong = entryProblem(entry, inner);
    if (wrong) refuse(`${JSON.stringify(entry.path)} ${wrong}`);
    if (entries > SOURCE_LIMITS.entries) refuse(`it has more than ${SOURCE_LIMITS.entries} entries`);
    if (bytes > SOURCE_LIMITS.bytes) refuse(`it is over ${SOURCE_LIMITS.bytes / 1024 / 1024 / 1024} GB unpacked`);
    if (inner === '') return void entry.resume();
    if (entry.type === 'SymbolicLink') {
      writer.link(inner, entry.linkpath ?? '');
      return void entry.resume();
    }
    if (entry.type === 'Directory' || entry.type === 'GNUDumpDir') {
      writer.folder(path.normalize(inner));
      return void entry.resume();
    }
    files += 1;
    // git knows one bit: executable or not.
    const mode = (entry.mode ?? 0) & 0o100 ? 0o755 : 0o644;
    const file = writer.file(inner, { mode, mtime: entry.mtime });
    entry.on('data', (chunk) => file.write(chunk));
    entry.on('end', () => file.end());
  }

  let links: readonly string[] = [];
  try {
    const parser = new Parser({ strict: true, onReadEntry: unpack });
    // What tar does not know cannot be part of a commit either.
    parser.on('ignoredEntry', (entry: ReadEntry) => unpack(entry));
    await readArchive(archive, parser, SOURCE_LIMITS.bytes + SOURCE_LIMITS.entries * ENTRY_OVERHEAD_BYTES, signal);
    links = writer.finish();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof BuildFailure) throw error;
    refuse(`it cannot be unpacked (${error instanceof Error ? error.message : error})`);
  }

  const root = await realpath(folder);
  for (const link of links) {
    // By its name each link stays inside; through another link it may not.
    if (await staysInside(root, path.join(root, link))) continue;
    refuse(`${JSON.stringify(link)} is a symbolic link that leads out of the repository by way of another one`);
  }
  return files;
}
