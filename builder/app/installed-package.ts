import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRecord } from '@miaobu/shared/kernel/read-json-value';
import { BuildFailure } from '../build-failure.ts';
import { isInside } from '../source/folder-inside.ts';

/** What a package.json says about how its package is run. */
export interface InstalledPackage {
  /** Real path. */
  readonly folder: string;
  readonly name: string | undefined;
  /** Packages needed at run time; peer and optional ones may be missing. */
  readonly dependencies: ReadonlySet<string>;
  readonly optional: ReadonlySet<string>;
  /** Development dependencies. */
  readonly development: ReadonlySet<string>;
  /** Name of a program → file in the package. */
  readonly programs: ReadonlyMap<string, string>;
  /** Whether it is made for this machine; native packages often come in many variants, one per platform. */
  readonly fitsMachine: boolean;
}

const keysOf = (value: unknown) => (isRecord(value) ? Object.keys(value) : []);

/** npm's rule for `os`, `cpu` and `libc`: allowed names, or with `!` forbidden ones. */
function allows(list: unknown, own: string): boolean {
  const names = (Array.isArray(list) ? list : [list]).filter((it): it is string => typeof it === 'string');
  const allowed = names.filter((it) => !it.startsWith('!'));
  return !names.includes(`!${own}`) && (allowed.length === 0 || allowed.includes(own) || allowed.includes('any'));
}

/** The C library of this machine, in npm's terms; undefined where that does not apply. */
function libcHere(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}
const LIBC = libcHere();

function programsOf(bin: unknown, name: string | undefined): Map<string, string> {
  const entries =
    typeof bin === 'string' && name !== undefined
      ? [[name.replace(/^@[^/]+\//, ''), bin]]
      : Object.entries(isRecord(bin) ? bin : {});
  return new Map(
    entries.filter(
      (entry): entry is [string, string] =>
        // A program's name becomes a file name.
        typeof entry[0] === 'string' &&
        /^[\w.@-]+$/.test(entry[0]) &&
        !/^\.+$/.test(entry[0]) &&
        typeof entry[1] === 'string',
    ),
  );
}

/** No person and no tool writes a larger one. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/** The build may have replaced it with anything: a link to someone else's file, a pipe nobody writes to, an endless file. */
async function readPackageFile(folder: string, source: string): Promise<string> {
  const file = await realpath(path.join(folder, 'package.json'));
  const state = await stat(file);
  if (!isInside(source, file) || !state.isFile() || state.size > LARGEST_BYTES) return '';
  return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
}

/** Reads the package.json of a folder; undefined when there is none in `source` that can be read. */
export async function readInstalledPackage(folder: string, source: string): Promise<InstalledPackage | undefined> {
  let json: unknown;
  try {
    json = JSON.parse(await readPackageFile(folder, source));
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const name = typeof json.name === 'string' ? json.name : undefined;
  const optional = [...keysOf(json.optionalDependencies), ...keysOf(json.peerDependencies)];
  return {
    folder,
    name,
    dependencies: new Set([...keysOf(json.dependencies), ...optional]),
    optional: new Set(optional),
    development: new Set(keysOf(json.devDependencies)),
    programs: programsOf(json.bin, name),
    fitsMachine:
      allows(json.os, process.platform) &&
      allows(json.cpu, process.arch) &&
      (LIBC === undefined || allows(json.libc, LIBC)),
  };
}

/** Whether a name of a dependency can be a folder in node_modules, and nothing else. */
const isPackageName = (name: string) => /^(@[\w.~-]+\/)?[\w.~-]+$/.test(name) && !/(^|\/)\.{1,2}$/.test(name);

/**
 * The package that code in `folder` gets under a name, by Node's own search: node_modules of the folder and of those above it, up
 * to `source`. Throws `BuildFailure` for a link out of there.
 */
export async function findInstalled(
  folder: string,
  name: string,
  source: string,
): Promise<InstalledPackage | undefined> {
  if (!isPackageName(name)) return undefined;
  for (let current = folder; isInside(source, current); current = path.dirname(current)) {
    if (path.basename(current) === 'node_modules') continue;
    const real = await realpath(path.join(current, 'node_modules', name)).catch(() => undefined);
    if (real === undefined) continue;
    if (!isInside(source, real)) {
      throw new BuildFailure(
        'output_invalid',
        `The app cannot be packed: the dependency ${JSON.stringify(name)} is installed outside of the repository, at ${real}.`,
      );
    }
    const found = await readInstalledPackage(real, source);
    if (found) return found;
  }
  return undefined;
}
