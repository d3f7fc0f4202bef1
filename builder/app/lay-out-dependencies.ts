import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { BuildFailure } from '../build-failure.ts';
import { findInstalled, type InstalledPackage, readInstalledPackage } from './installed-package.ts';

/** App code whose dependencies are wanted: a folder on disk, and its place in the package. */
export interface DependencyRoot {
  readonly folder: string;
  /** Path in the package; empty for its root. */
  readonly at: string;
  readonly names: readonly string[];
  /** Those of them that may be missing. */
  readonly optional?: ReadonlySet<string>;
}

export interface LaidOut {
  /** Path in the package → package. */
  readonly placed: ReadonlyMap<string, InstalledPackage>;
  /** Dependencies that are required but not installed. */
  readonly missing: readonly string[];
  /** Names of packages that are made for other machines. */
  readonly foreign: ReadonlySet<string>;
}

const DEEPEST = 12;
/** Large apps have two thousand. In cycles with several versions, each is needed again at every depth. */
const MOST = 10_000;

/** Where Node looks for a package from a given place, nearest first. */
function* searched(at: string, name: string): Generator<string> {
  for (let current = at; ; current = current.slice(0, Math.max(0, current.lastIndexOf('/')))) {
    if (path.posix.basename(current) !== 'node_modules')
      yield `${current === '' ? '' : `${current}/`}node_modules/${name}`;
    if (current === '') return;
  }
}

/** Packages that are real folders in a folder's node_modules; links are followed only for those who require them. */
export async function packagesIn(folder: string, withLinks: boolean): Promise<string[]> {
  const base = path.join(folder, 'node_modules');
  const names: string[] = [];
  const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.name.startsWith('@') && entry.isDirectory()) {
      const scoped = await readdir(path.join(base, entry.name), { withFileTypes: true });
      names.push(
        ...scoped
          .filter((it) => it.isDirectory() || (withLinks && it.isSymbolicLink()))
          .map((it) => `${entry.name}/${it.name}`),
      );
    } else if (entry.isDirectory() || (withLinks && entry.isSymbolicLink())) names.push(entry.name);
  }
  return names.sort();
}

/**
 * Finds the packages that `roots` need at run time, recursively, and gives each a place in node_modules folders without a
 * single link, such that Node resolves from every place what it resolves in the source. So it does not matter which package
 * manager installed them, hoisted or linked: only Node's resolution counts. Packages are placed as high up as possible; where a
 * name is taken by another version, next to the package that requires it. Throws `BuildFailure`.
 */
export async function layOutDependencies(
  roots: readonly DependencyRoot[],
  source: string,
  isUnwanted: (name: string) => boolean,
): Promise<LaidOut> {
  const placed = new Map<string, InstalledPackage>();
  const missing = new Set<string>();
  const foreign = new Set<string>();
  const queue: DependencyRoot[] = [...roots];

  async function place(found: InstalledPackage, at: string): Promise<void> {
    if (at.split('/node_modules/').length > DEEPEST) {
      throw new BuildFailure(
        'output_invalid',
        `The app cannot be packed: its dependencies need each other in a circle of versions, at ${at}.`,
      );
    }
    if (placed.size >= MOST) {
      throw new BuildFailure('output_invalid', `The app cannot be packed: it needs more than ${MOST} packages.`);
    }
    placed.set(at, found);
    queue.push({ folder: found.folder, at, names: [...found.dependencies], optional: found.optional });
    // What a package manager put into a package belongs to it. What is in a workspace may be for its development.
    if (!found.folder.includes(`${path.sep}node_modules${path.sep}`)) return;
    for (const name of await packagesIn(found.folder, false)) {
      const inner = await readInstalledPackage(path.join(found.folder, 'node_modules', name), source);
      if (inner) await place(inner, `${at}/node_modules/${name}`);
    }
  }

  for (let root = queue.shift(); root; root = queue.shift()) {
    for (const name of [...root.names].sort()) {
      if (isUnwanted(name)) continue;
      const found = await findInstalled(root.folder, name, source);
      if (!found) {
        if (!root.optional?.has(name)) missing.add(name);
        continue;
      }
      if (!found.fitsMachine) {
        foreign.add(name);
        continue;
      }
      const there = [...searched(root.at, name)].find((it) => placed.has(it));
      if (there === undefined) await place(found, `node_modules/${name}`);
      else if (placed.get(there)?.folder !== found.folder) {
        await place(found, `${root.at === '' ? '' : `${root.at}/`}node_modules/${name}`);
      }
    }
  }
  return { placed, missing: [...missing].sort(), foreign };
}
