import type { PackageFile } from './package-file.ts';
import { parsePackageFile } from './package-file.ts';
import {
  npm,
  type PackageManager,
  packageManagers,
  parsePackageManager,
  yarnClassic,
  yarnModern,
} from './package-managers.ts';
import { foldersUpwards, pathIn, type SourceFiles } from './source-files.ts';

export interface ChosenManager {
  readonly manager: PackageManager;
  /** What package.json asks for. */
  readonly version: string | undefined;
  readonly hasLockfile: boolean;
  /** What it was chosen for, for a person. */
  readonly reason: string;
}

/** The package manager of a project: what a package.json names, else what a lockfile is of, in its folder or above it. */
export async function chooseManager(files: SourceFiles, folder: string, own: PackageFile): Promise<ChosenManager> {
  let named = own.packageManager === undefined ? undefined : parsePackageManager(own.packageManager);
  for (const current of foldersUpwards(folder)) {
    if (!named && current !== folder && files.has(pathIn(current, 'package.json'))) {
      const above = parsePackageFile((await files.readText(pathIn(current, 'package.json'))) ?? '{}');
      const field = 'problem' in above ? undefined : above.packageManager;
      named = field === undefined ? undefined : parsePackageManager(field);
    }
    const candidates = named ? [named.manager === yarnModern ? yarnClassic : named.manager] : packageManagers;
    for (const manager of candidates) {
      const lockfile = manager.lockfiles.map((name) => pathIn(current, name)).find((path) => files.has(path));
      if (lockfile === undefined) continue;
      if (named) return { ...named, hasLockfile: true, reason: namedReason(named.manager) };
      const modern = manager === yarnClassic && (await isModern(files, current, lockfile));
      return {
        manager: modern ? yarnModern : manager,
        version: undefined,
        hasLockfile: true,
        reason: `There is a ${lockfile}.`,
      };
    }
  }
  if (named) return { ...named, hasLockfile: false, reason: namedReason(named.manager) };
  return { manager: npm, version: undefined, hasLockfile: false, reason: 'There is no lockfile.' };
}

const namedReason = ({ title }: PackageManager) => `"packageManager" in package.json asks for ${title}.`;

/** Both Yarns call their lockfile the same; only the modern one begins with this key. Of a longer file its settings tell. */
async function isModern(files: SourceFiles, folder: string, lockfile: string): Promise<boolean> {
  const text = await files.readText(lockfile);
  return text === undefined ? files.has(pathIn(folder, '.yarnrc.yml')) : /^__metadata:/m.test(text);
}
