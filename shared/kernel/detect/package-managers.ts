export interface PackageManager {
  /** The program that is run. */
  readonly command: string;
  readonly title: string;
  readonly lockfiles: readonly string[];
  readonly install: string;
  /** Installs exactly what the lockfile says. */
  readonly installLocked: string;
  /** Output of `installLocked` that means the lockfile does not match; then `install` is tried. */
  readonly lockfileUnfit: RegExp;
  /** Extracts the number of packages from an install's output. */
  readonly installedCount?: RegExp;
}

export const npm: PackageManager = {
  command: 'npm',
  title: 'npm',
  lockfiles: ['package-lock.json', 'npm-shrinkwrap.json'],
  install: 'npm install',
  installLocked: 'npm ci',
  // npm reports EUSAGE when package.json and the lockfile differ, and also when the lockfile lacks a platform's packages
  // (npm omits them if the registry did not have them when it was written).
  lockfileUnfit: /\bEUSAGE\b|\bEBADPLATFORM\b/,
  installedCount: /\badded (\d+) packages?\b/,
};

export const pnpm: PackageManager = {
  command: 'pnpm',
  title: 'pnpm',
  lockfiles: ['pnpm-lock.yaml'],
  install: 'pnpm install --no-frozen-lockfile',
  installLocked: 'pnpm install --frozen-lockfile',
  lockfileUnfit: /ERR_PNPM_(OUTDATED_LOCKFILE|LOCKFILE_BREAKING_CHANGE|FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE)/,
  installedCount: /^Packages: \+(\d+)/m,
};

export const yarnClassic: PackageManager = {
  command: 'yarn',
  title: 'Yarn 1',
  lockfiles: ['yarn.lock'],
  install: 'yarn install --non-interactive',
  installLocked: 'yarn install --non-interactive --frozen-lockfile',
  lockfileUnfit: /lockfile needs to be updated/,
};

export const yarnModern: PackageManager = {
  command: 'yarn',
  title: 'Yarn 2 or newer',
  lockfiles: [],
  install: 'yarn install --no-immutable',
  installLocked: 'yarn install --immutable',
  lockfileUnfit: /YN0028/,
};

export const bun: PackageManager = {
  command: 'bun',
  title: 'Bun',
  lockfiles: ['bun.lock', 'bun.lockb'],
  install: 'bun install',
  installLocked: 'bun install --frozen-lockfile',
  lockfileUnfit: /lockfile had changes/,
};

/** In the order in which their lockfiles are looked for. */
export const packageManagers: readonly PackageManager[] = [pnpm, yarnClassic, bun, npm];

/** The manager of a `packageManager` field such as `pnpm@9.1.0+sha512.abc`, and the version it asks for. */
export function parsePackageManager(field: string): { manager: PackageManager; version: string } | undefined {
  const [, name, version] = /^([a-z]+)@([^+]+)/.exec(field) ?? [];
  if (name === undefined || version === undefined) return undefined;
  if (name === 'yarn') return { manager: /^[01]\./.test(version) ? yarnClassic : yarnModern, version };
  const manager = packageManagers.find((it) => it.command === name);
  return manager && { manager, version };
}
