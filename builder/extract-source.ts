import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ReadEntry } from 'tar';
import { BuildFailure, errorCode } from './build-failure.ts';
import { isInside } from './folder-inside.ts';

export const SOURCE_LIMITS = { entries: 200_000, bytes: 4 * 1024 * 1024 * 1024 } as const;

/** What a commit's archive consists of. Hard links, devices and pipes are in none that git makes. */
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

/** The real path of what exists of `file`: a link may point to something that the build has yet to make. */
async function realPathSoFar(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return realPathSoFar(path.dirname(file));
  }
}

/**
 * Unpacks a tar.gz without its top folder. Throws `BuildFailure` (`source_invalid`) for anything that is, or leads, out
 * of `folder`. Returns how many files it has.
 */
export async function extractSource(archive: string, folder: string): Promise<number> {
  const { extract } = await import('tar');
  const links: string[] = [];
  let entries = 0;
  let bytes = 0;
  let files = 0;
  let problem: string | undefined;

  const accept = (entry: ReadEntry) => {
    if (problem) return false;
    entries += 1;
    bytes += entry.size;
    const inner = entry.path.split('/').slice(1).join('/');
    const wrong = entryProblem(entry, inner);
    if (wrong) problem = `${JSON.stringify(entry.path)} ${wrong}`;
    else if (entries > SOURCE_LIMITS.entries) problem = `it has more than ${SOURCE_LIMITS.entries} entries`;
    else if (bytes > SOURCE_LIMITS.bytes)
      problem = `it is over ${SOURCE_LIMITS.bytes / 1024 / 1024 / 1024} GB unpacked`;
    if (problem) return false;
    // git knows one bit: executable or not.
    entry.mode = entry.type === 'Directory' || (entry.mode ?? 0) & 0o100 ? 0o755 : 0o644;
    if (entry.type === 'SymbolicLink') links.push(inner);
    else if (entry.type !== 'Directory') files += 1;
    return true;
  };

  try {
    await extract({
      file: archive,
      cwd: folder,
      strip: 1,
      strict: true,
      preserveOwner: false,
      filter: (_path, entry) => 'linkpath' in entry && accept(entry as ReadEntry),
    });
  } catch (error) {
    problem ??= `it cannot be unpacked (${error instanceof Error ? error.message : error})`;
  }

  const root = await realpath(folder);
  for (const link of problem ? [] : links) {
    // By name each link stays inside; through another link it may not.
    const target = await realPathSoFar(path.join(root, link)).catch(() => undefined);
    if (target === undefined || !isInside(root, target)) {
      problem = `${JSON.stringify(link)} is a symbolic link that leads nowhere or out of the repository`;
    }
  }
  if (problem) throw new BuildFailure('source_invalid', `The source archive was refused: ${problem}.`);
  return files;
}
