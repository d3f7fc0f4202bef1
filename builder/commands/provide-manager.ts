import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChosenManager } from '@miaobu/shared/kernel/detect/choose-manager';
import {
  bun,
  npm,
  type PackageManager,
  pnpm,
  yarnClassic,
  yarnModern,
} from '@miaobu/shared/kernel/detect/package-managers';
import { BuildFailure } from '../build-failure.ts';
import { digestsOf, type FetchedPackage, fetchPackage, type PackageSource } from './fetch-package.ts';
import { findProgram } from './find-program.ts';
import { managerVersion, readLockfile } from './manager-version.ts';
import { type NamedChecksum, namedChecksum } from './named-checksum.ts';
import { putOnPath } from './put-on-path.ts';

const NAMES = new Map<PackageManager, string>([
  [npm, 'npm'],
  [pnpm, 'pnpm'],
  [yarnClassic, 'yarn'],
  [yarnModern, '@yarnpkg/cli-dist'],
]);

/**
 * Puts a package manager on the build's PATH: in the version that package.json names; where it names none, the machine's own, or the one
 * that matches the lockfile. Throws `BuildFailure` when it is unavailable, or does not match its checksum in package.json.
 */
export async function provideManager({
  chosen: { manager, version },
  source: folderOfSource,
  folder,
  programs,
  packages,
  say,
}: {
  chosen: Pick<ChosenManager, 'manager' | 'version'>;
  source: string;
  folder: string;
  programs: string;
  packages: PackageSource;
  say: (line: string) => void;
}): Promise<void> {
  const { command, title } = manager;
  // A `yarn` that is there is Yarn 1.
  const own = manager === yarnModern ? undefined : await findProgram(command, packages.environment.PATH ?? '');
  if (version === undefined && own !== undefined) return;
  const wanted = version ?? managerVersion(manager, await readLockfile(manager, folderOfSource, folder));
  let fetched: FetchedPackage;
  try {
    fetched = await fetchPackage({ name: await packageOf(manager), wanted }, packages);
  } catch (error) {
    packages.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : error;
    const what = `${title} in version ${wanted} cannot be had from npm: ${why}.`;
    if (manager === npm && own !== undefined) return say(`Note: ${what} Using the npm that is there.`);
    throw new BuildFailure('install_failed', `${what} The project's package.json or lockfile asks for it.`);
  }
  const checksum =
    version === undefined ? undefined : await namedChecksum(folderOfSource, folder, { command, version });
  if (checksum) await assertGenuine(manager, fetched, checksum, say);
  await putOnPath(manager === bun ? { ...fetched, programs: { bun: 'bin/bun', bunx: 'bin/bun' } } : fetched, programs);
  say(`Using ${title === command ? title : command} ${fetched.version}`);
}

async function packageOf(manager: PackageManager): Promise<string> {
  const name = NAMES.get(manager);
  if (name !== undefined) return name;
  if (manager !== bun) throw new Error(`${manager.title} is not known`);
  // Package `bun` is a script that gets one of these.
  const processor = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const old = process.platform === 'linux' && process.arch === 'x64' && !(await hasAvx2());
  return `@oven/bun-${process.platform}-${processor}${old ? '-baseline' : ''}`;
}

const hasAvx2 = async () => /\bavx2\b/.test(await readFile('/proc/cpuinfo', 'utf8').catch(() => 'avx2'));

/** As in Corepack: of the archive, and for newer versions of Yarn of the program itself. */
async function assertGenuine(
  manager: PackageManager,
  { folder, digests, version }: FetchedPackage,
  { algorithm, hex }: NamedChecksum,
  say: (line: string) => void,
): Promise<void> {
  if (manager === bun)
    return say('Note: the checksum in "packageManager" is not looked at: there is no rule what it is of.');
  const found = manager === yarnModern ? await digestsOf(path.join(folder, 'bin', 'yarn.js')) : digests;
  if (found[algorithm] === hex) return;
  throw new BuildFailure(
    'install_failed',
    `${manager.title} ${version} from npm is not what "packageManager" in package.json says: its ${algorithm} is ${found[algorithm]}.`,
  );
}
