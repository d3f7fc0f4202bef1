import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import type { PackageCache } from '../cache/package-cache.ts';
import type { CommandResult } from './run-command.ts';

export interface Installed {
  /** The command that was run last. */
  readonly command: string;
  readonly result: CommandResult;
}

export interface InstallOptions {
  /** Finds the number of packages in the output. */
  readonly count?: RegExp | undefined;
  /** Shown in the log instead of a command that is too long to read. */
  readonly shown?: string;
  /** In addition to what every command downloads. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type RunInstall = (command: string, options?: InstallOptions) => Promise<CommandResult>;

/**
 * Installs with the packages that earlier builds kept, and keeps them for later ones. A command that fails with kept packages is run
 * again without them, so that they cannot be the reason a build fails.
 */
export async function installWithCache({
  cache,
  lockfileUnfit,
  run,
  say,
  install,
}: {
  cache: PackageCache;
  /** Output of a failure that the packages did not cause. */
  lockfileUnfit: RegExp | undefined;
  run: RunInstall;
  say: (line: string) => void;
  install: (run: RunInstall) => Promise<Installed | undefined>;
}): Promise<Installed | undefined> {
  const hadPackages = await cache.restore();
  let mayRepeat = hadPackages;
  const installed = await install(async (command, options) => {
    const result = await run(command, options);
    if (!mayRepeat || result.outcome !== 'failed' || lockfileUnfit?.test(result.output)) return result;
    mayRepeat = false;
    say('This failed with packages from the cache; trying again without them.');
    await cache.empty();
    return run(command, options);
  });
  // Before the build: what it does to the packages must not reach the next one.
  if (installed?.result.outcome === 'done') await cache.save();
  // There is no time left to find out whether the packages caused it.
  if (hadPackages && installed?.result.outcome === 'timeout') await cache.forget();
  return installed;
}

/** Runs a project's own install command, or its package manager's: by the lockfile, or without it if it does not match. */
export async function installPackages({
  plan: { install, manager: chosen },
  run,
  say,
}: {
  plan: Pick<DetectedBuild, 'install' | 'manager'>;
  run: RunInstall;
  say: (line: string) => void;
}): Promise<Installed | undefined> {
  const runOne = async (command: string, count?: RegExp) => ({ command, result: await run(command, { count }) });
  if (install.kind === 'command') return runOne(install.command);
  if (install.kind === 'none' || !chosen) return undefined;
  const { manager, hasLockfile } = chosen;
  if (!hasLockfile) return runOne(manager.install, manager.installedCount);
  const locked = await runOne(manager.installLocked, manager.installedCount);
  if (locked.result.outcome !== 'failed' || !manager.lockfileUnfit.test(locked.result.output)) return locked;
  say(`The lockfile does not fit package.json or this machine; trying \`${manager.install}\` instead.`);
  return runOne(manager.install, manager.installedCount);
}
