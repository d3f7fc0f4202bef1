import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  APP_LIMITS,
  packagePathProblem,
  packagePathsProblem,
  packageSizeProblem,
} from '@miaobu/shared/contracts/app-manifest';
import { BuildFailure } from '../build-failure.ts';
import type { BuildUser } from '../commands/build-user.ts';
import { isInside } from '../source/folder-inside.ts';

/** A file of a package. */
export interface AppFile {
  /** From the package's root, with `/`. */
  readonly path: string;
  /** Its bytes, or the file they are read from. */
  readonly content: Buffer | string;
  readonly bytes: number;
  readonly isProgram: boolean;
}

/** Whether an entry of a folder is left out, by its name and its path in the package. */
export type Skip = (name: string, path: string) => boolean;

/** Repositories, credentials and operating-system files are never packed, wherever they are. */
const NEVER = new Set(['.git', '.hg', '.svn', '.DS_Store', '.npmrc']);

function refuse(file: string, problem: string): never {
  throw new BuildFailure('output_invalid', `The app cannot be packed: ${JSON.stringify(file)} ${problem}.`);
}

const refuseAll = (problem: string): never => {
  throw new BuildFailure('output_invalid', `The app cannot be packed: ${problem}.`);
};

export interface AppFiles {
  /** What is in the package so far. */
  readonly files: ReadonlyMap<string, AppFile>;
  /** Replaces anything already at this path. */
  put(file: string, content: Buffer, isProgram: boolean): void;
  remove(file: string): void;
  /**
   * Adds everything below a folder, under `prefix` (empty, or ending in a slash). Links are followed, as long as they stay within
   * the source; a dangling link is left out. The build may even have replaced the folder itself with a link.
   */
  addTree(folder: string, prefix: string, skip: Skip): Promise<void>;
  /** The files in the order of their paths. Throws `BuildFailure` if a package must not have them. */
  complete(): AppFile[];
}

/** The real path of a folder to be packed under `prefix`. Throws `BuildFailure` when it is outside the source. */
export async function folderToPack(folder: string, prefix: string, source: string): Promise<string> {
  const real = await realpath(folder);
  if (!isInside(source, real)) refuse(prefix || '.', 'is a symbolic link out of the repository');
  return real;
}

/**
 * Collects the files of a package. Throws `BuildFailure` with `output_invalid` for a link out of `source`, for anything neither file
 * nor folder, for files the build could not have read, and for exceeded limits. Set-user bits are lost: a package knows only
 * executable and other files.
 */
export function createAppFiles({
  source,
  user,
  signal,
}: {
  source: string;
  user: BuildUser | undefined;
  signal: AbortSignal;
}): AppFiles {
  const files = new Map<string, AppFile>();
  let total = 0;

  function set(file: AppFile) {
    const problem = packagePathProblem(file.path);
    if (problem !== undefined) refuse(file.path, problem);
    total += file.bytes - (files.get(file.path)?.bytes ?? 0);
    files.set(file.path, file);
    const tooLarge = packageSizeProblem({ files: files.size, unpacked_bytes: total });
    if (tooLarge !== undefined) refuseAll(`${tooLarge}. ${largestFolders(files)}`);
  }

  function addFile(file: string, own: string, state: Stats) {
    if (!state.isFile()) refuse(file, 'is neither a file nor a folder');
    // The runner may read more than the build may: a hard link must not publish what only the runner can see.
    if (user && state.uid !== user.uid && (state.mode & 0o004) === 0) refuse(file, 'cannot be read by the build');
    if (state.size > APP_LIMITS.fileBytes) {
      refuse(file, `has ${state.size} bytes; the limit is ${APP_LIMITS.fileBytes / 1024 / 1024} MB`);
    }
    set({ path: file, content: own, bytes: state.size, isProgram: (state.mode & 0o111) !== 0 });
  }

  async function walk(folder: string, prefix: string, skip: Skip, above: readonly string[]): Promise<void> {
    signal.throwIfAborted();
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) {
      const file = prefix + entry.name;
      if (NEVER.has(entry.name) || skip(entry.name, file)) continue;
      if (entry.name.includes('\ufffd')) refuse(file, 'has a name that is not UTF-8');
      let own = path.join(folder, entry.name);
      if (entry.isSymbolicLink()) {
        const target = await realpath(own).catch(() => undefined);
        if (target === undefined) continue;
        if (!isInside(source, target)) refuse(file, 'is a symbolic link out of the repository');
        // What is excluded under its own name is not included under another.
        if (target.split(path.sep).some((it) => NEVER.has(it) || it.startsWith('.env'))) continue;
        own = target;
      }
      const state = await stat(own);
      if (!state.isDirectory()) addFile(file, own, state);
      else if (above.includes(own)) refuse(file, 'is a symbolic link to a folder that contains it');
      else await walk(own, `${file}/`, skip, [...above, own]);
    }
  }

  return {
    files,
    put: (file, content, isProgram) => set({ path: file, content, bytes: content.length, isProgram }),
    remove(file) {
      total -= files.get(file)?.bytes ?? 0;
      files.delete(file);
    },
    async addTree(folder, prefix, skip) {
      const real = await folderToPack(folder, prefix, source);
      await walk(real, prefix, skip, [real]);
    },
    complete() {
      if (files.size === 0 || total === 0) throw new BuildFailure('output_empty', 'There is nothing to pack.');
      const problem = packagePathsProblem(files.keys());
      if (problem !== undefined) refuseAll(problem);
      return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

const SHOWN = 3;

/** What makes an app too large, for the person who has to make it smaller. */
function largestFolders(files: ReadonlyMap<string, AppFile>): string {
  const sizes = new Map<string, number>();
  for (const { path: file, bytes } of files.values()) {
    const [folder] = /^(?:node_modules\/(?:@[^/]+\/)?|python_deps\/)?[^/]+/.exec(file) ?? [file];
    sizes.set(folder, (sizes.get(folder) ?? 0) + bytes);
  }
  const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  return `The largest of what was packed so far: ${largest.map(([name, bytes]) => `${name} (${(bytes / 1024 / 1024).toFixed(1)} MB)`).join(', ')}`;
}
