import type { PackageFile } from './package-file.ts';
import { parsePackageFile } from './package-file.ts';
import {
  npm,
  type PackageManager,
  packageManagers,
  parsePackageManager,
  pnpm,
  yarnClassic,
  yarnModern,
} from './package-managers.ts';
import { foldersUpwards, pathIn, type SourceFiles } from './source-files.ts';

export interface ChosenManager {
  readonly manager: PackageManager;
  /** As requested by package.json. */
  readonly version: string | undefined;
  readonly hasLockfile: boolean;
  /** Why it was chosen, for the user. */
  readonly reason: string;
}

interface Named {
  readonly manager: PackageManager;
  readonly version: string | undefined;
  readonly from: string;
}

/** What a package.json names: strictly, or as a hint that a lockfile overrides. */
interface Wishes {
  readonly strict: Named | undefined;
  readonly hint: Named | undefined;
  readonly unknown: string | undefined;
}

const exactVersion = (range: string | undefined) => (/^\d+\.\d+\.\d+/.test(range ?? '') ? range : undefined);

function wishesOf({ packageManager, managerHints }: PackageFile): Wishes {
  const strict = packageManager === undefined ? undefined : parsePackageManager(packageManager);
  const [hint] = managerHints.flatMap(({ name, version, from }): Named[] => {
    const manager = managerNamed(name, version);
    return manager ? [{ manager, version: exactVersion(version), from }] : [];
  });
  return {
    strict: strict && { ...strict, from: '"packageManager"' },
    hint,
    unknown: strict ? undefined : packageManager,
  };
}

function managerNamed(name: string, range: string | undefined): PackageManager | undefined {
  if (name === 'yarn') return /^[\^~>=\s]*[2-9]/.test(range ?? '') ? yarnModern : yarnClassic;
  return packageManagers.find((it) => it.command === name);
}

/**
 * A project's package manager: the one in a package.json's `packageManager`, else the one of a lockfile in its folder or above, else the
 * one mentioned in `devEngines`, `volta` or `engines`. A workspace without a lockfile may still use pnpm.
 */
export async function chooseManager(files: SourceFiles, folder: string, own: PackageFile): Promise<ChosenManager> {
  let wishes = wishesOf(own);
  for (const current of foldersUpwards(folder)) {
    const path = pathIn(current, 'package.json');
    if (current !== folder && files.has(path)) {
      const above = parsePackageFile((await files.readText(path)) ?? '{}');
      if (!('problem' in above)) wishes = withThoseAbove(wishes, wishesOf(above));
    }
    const found = await lockedManager(files, current, wishes);
    if (found) return { ...found, reason: found.reason + aboutUnknown(wishes) };
  }
  const named = wishes.strict ?? wishes.hint;
  if (named) return { ...named, hasLockfile: false, reason: namedReason(named) + aboutUnknown(wishes) };
  const workspace = [...foldersUpwards(folder)]
    .map((it) => pathIn(it, 'pnpm-workspace.yaml'))
    .find((path) => files.has(path));
  if (workspace !== undefined) {
    return { manager: pnpm, version: undefined, hasLockfile: false, reason: `There is a ${workspace}.` };
  }
  const reason = `There is no lockfile.${aboutUnknown(wishes)}`;
  return { manager: npm, version: undefined, hasLockfile: false, reason };
}

const withThoseAbove = (own: Wishes, above: Wishes): Wishes => ({
  strict: own.strict ?? above.strict,
  hint: own.hint ?? above.hint,
  unknown: own.unknown ?? above.unknown,
});

async function lockedManager(
  files: SourceFiles,
  folder: string,
  { strict, hint }: Wishes,
): Promise<ChosenManager | undefined> {
  const lockfileOf = ({ lockfiles }: PackageManager) =>
    lockfiles.map((name) => pathIn(folder, name)).find((path) => files.has(path));
  if (strict) {
    const lockfile = lockfileOf(strict.manager === yarnModern ? yarnClassic : strict.manager);
    return lockfile === undefined ? undefined : { ...strict, hasLockfile: true, reason: namedReason(strict) };
  }
  const locked = packageManagers.flatMap((manager) => {
    const lockfile = lockfileOf(manager);
    return lockfile === undefined ? [] : [{ manager, lockfile }];
  });
  // Of several lockfiles the one of the manager that package.json mentions is maintained; else the first in our order.
  const family = hint?.manager === yarnModern ? yarnClassic : hint?.manager;
  const first = locked.find(({ manager }) => manager === family) ?? locked[0];
  if (!first) return undefined;
  const modern = first.manager === yarnClassic && (await isModern(files, folder, first.lockfile));
  const manager = modern ? yarnModern : first.manager;
  const others = locked.filter((it) => it !== first).map(({ lockfile }) => lockfile);
  const besides = others.length === 0 ? '' : ` It is preferred to ${others.join(' and ')}: delete what is not used.`;
  return {
    manager,
    version: hint?.manager === manager ? hint.version : undefined,
    hasLockfile: true,
    reason: `There is a ${first.lockfile}.${besides}`,
  };
}

const namedReason = ({ manager, from }: Named) => `${from} in package.json asks for ${manager.title}.`;

const aboutUnknown = ({ unknown }: Wishes) =>
  unknown === undefined
    ? ''
    : ` "packageManager" in package.json asks for ${JSON.stringify(unknown)}, which is not known.`;

/** Both Yarns use the same file name; only the modern one's file begins with this key. For a file too long to read, its settings decide. */
async function isModern(files: SourceFiles, folder: string, lockfile: string): Promise<boolean> {
  const text = await files.readText(lockfile);
  return text === undefined ? files.has(pathIn(folder, '.yarnrc.yml')) : /^__metadata:/m.test(text);
}
