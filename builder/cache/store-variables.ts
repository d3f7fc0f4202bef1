import path from 'node:path';
import { type PackageManager, yarnModern } from '@miaobu/shared/kernel/detect/package-managers';

/** Which store a build fills, and the variables that point its package manager to it. */
export interface StoreKind {
  /** The name a user knows; also the prefix of a file name. */
  readonly name: string;
  variables(store: string): Readonly<Record<string, string>>;
}

const kindOf = (name: string, ...variables: readonly string[]): StoreKind => ({
  name,
  variables: (store) => Object.fromEntries(variables.map((variable) => [variable, path.join(store, name)])),
});

const kinds: Readonly<Record<string, StoreKind>> = {
  npm: kindOf('npm', 'npm_config_cache'),
  // pnpm 11 no longer reads npm's names.
  pnpm: kindOf('pnpm', 'npm_config_store_dir', 'pnpm_config_store_dir'),
  yarn: kindOf('yarn', 'YARN_CACHE_FOLDER'),
  bun: kindOf('bun', 'BUN_INSTALL_CACHE_DIR'),
  pip: kindOf('pip', 'PIP_CACHE_DIR'),
  uv: kindOf('uv', 'UV_CACHE_DIR'),
};

// A copy of each package is kept there, even when the project has a cache of its own, which is left alone.
const modernYarn = kindOf('yarn-berry', 'YARN_GLOBAL_FOLDER');

/** What a Python app needs in addition, because an npm package may build its pages. */
export function withPip(other: StoreKind | undefined): StoreKind {
  const pip = kindOf('pip', 'PIP_CACHE_DIR');
  if (!other) return pip;
  return {
    name: `pip-${other.name}`,
    variables: (store) => ({ ...pip.variables(store), ...other.variables(store) }),
  };
}

const PROGRAMS: Readonly<Record<string, string>> = {
  npx: 'npm',
  pnpx: 'pnpm',
  pip3: 'pip',
  python: 'pip',
  python3: 'pip',
};

/** The store of a manager; for a custom install command, that of its first program. */
export function storeKindOf(manager: PackageManager | undefined, command: string | undefined): StoreKind | undefined {
  if (command === undefined) {
    if (manager === yarnModern) return modernYarn;
    return manager && kinds[manager.command];
  }
  const program = /^[a-z0-9]+/.exec(command.trim())?.[0] ?? '';
  if (program === 'yarn' && manager === yarnModern) return modernYarn;
  return kinds[PROGRAMS[program] ?? program];
}
