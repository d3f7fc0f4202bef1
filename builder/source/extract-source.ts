import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ReadEntry } from 'tar';
import { BuildFailure } from '../build-failure.ts';
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

/** As many links as Linux follows before it gives up. */
const LINKS_FOLLOWED = 40;

/**
 * Whether a symbolic link stays in `root` on every step of its way. Written out because `realpath` only follows what
 * exists, and a link may well point to something that the build has yet to make.
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
    // By name each link stays inside; by way of another link it may not.
    if (await staysInside(root, path.join(root, link))) continue;
    problem = `${JSON.stringify(link)} is a symbolic link that leads out of the repository by way of another one`;
    break;
  }
  if (problem) throw new BuildFailure('source_invalid', `The source archive was refused: ${problem}.`);
  return files;
}
