/** The maximum size of a text file that is read. A longer lockfile is recognised by its name, or by the settings beside it. */
export const LONGEST_TEXT_BYTES = 1024 * 1024;

/** The files of a commit, on a disk or at a code host. Paths are relative to the repository, with `/`. */
export interface SourceFiles {
  /** Whether there is a file. Folders do not count. */
  has(path: string): boolean;
  /** A small text file; undefined when it is missing or too long. */
  readText(path: string): Promise<string | undefined>;
}

/** A folder and its parents, from `apps/web` over `apps` to ``, the repository: in a monorepo a lockfile lies above the project. */
export function* foldersUpwards(folder: string): Generator<string> {
  let current = folder;
  for (; current !== ''; current = current.slice(0, Math.max(0, current.lastIndexOf('/')))) yield current;
  yield '';
}

/** A path in a folder of `foldersUpwards`. */
export const pathIn = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);

/**
 * The files of a project: names are relative to its root directory, and may come from its own files. Missing files, and those outside the
 * root directory, are never requested.
 */
export interface ProjectFolder {
  has(name: string): boolean;
  /** The first of these files that exists. */
  firstOf(names: readonly string[]): string | undefined;
  read(name: string): Promise<string | undefined>;
  /** The text of the first of these files that exists. */
  readFirst(names: readonly string[]): Promise<string | undefined>;
}

/** A view of one folder of a repository (a path from its root, empty for the root). Anything outside the folder does not exist. */
export function projectFolder(files: SourceFiles, folder: string): ProjectFolder {
  const isInside = (name: string) => !name.startsWith('/') && !name.split('/').includes('..');
  const has = (name: string) => isInside(name) && files.has(pathIn(folder, name));
  const firstOf = (names: readonly string[]) => names.find(has);
  const read = async (name: string) => (has(name) ? files.readText(pathIn(folder, name)) : undefined);
  return {
    has,
    firstOf,
    read,
    async readFirst(names) {
      const name = firstOf(names);
      return name === undefined ? undefined : read(name);
    },
  };
}

/** The same files, each read at most once: several rules read the same file, and at a code host each read is a request. */
export function readOnce(files: SourceFiles): SourceFiles {
  const read = new Map<string, Promise<string | undefined>>();
  return {
    has: (path) => files.has(path),
    readText(path) {
      const known = read.get(path) ?? files.readText(path).then((text) => text?.replace(/^\uFEFF/, ''));
      read.set(path, known);
      return known;
    },
  };
}
