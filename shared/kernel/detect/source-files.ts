/** The files of a commit, wherever they lie: on a disk, or at a code host. Paths are relative to the repository, with `/`. */
export interface SourceFiles {
  /** Whether there is a file. Asked of the root directory and the folders above it only. */
  has(path: string): boolean;
  /** A small text file; undefined when it is missing or too long to be looked at. */
  readText(path: string): Promise<string | undefined>;
}

/** A folder and those above it, from `apps/web` over `apps` to ``, the repository: in a monorepo a lockfile lies above the project. */
export function* foldersUpwards(folder: string): Generator<string> {
  let current = folder;
  for (; current !== ''; current = current.slice(0, Math.max(0, current.lastIndexOf('/')))) yield current;
  yield '';
}

/** A path in a folder of `foldersUpwards`. */
export const pathIn = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);
