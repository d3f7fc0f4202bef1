import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildSettings } from '@miaobu/shared/contracts/build-job';
import { COMMON_OUTPUTS, frameworks } from './frameworks.ts';
import {
  npm,
  type PackageManager,
  packageManagers,
  parsePackageManager,
  yarnClassic,
  yarnModern,
} from './package-managers.ts';
import { dependenciesOf, type PackageFile, readPackage } from './read-package.ts';

export interface ChosenManager {
  readonly manager: PackageManager;
  /** What package.json asks for. */
  readonly version: string | undefined;
  readonly hasLockfile: boolean;
}

export interface BuildPlan {
  /** For the log: what this project was taken for. */
  readonly title: string;
  /** Only when an install or a build by the package manager is part of the plan. */
  readonly manager: ChosenManager | undefined;
  /** `managed` means the manager's own install, with its lockfile when there is one. */
  readonly install: { readonly kind: 'none' | 'managed' } | { readonly kind: 'command'; readonly command: string };
  readonly build: string | undefined;
  /** Where the site will be, relative to the root directory; the first that exists. `.` is the root directory itself. */
  readonly outputs: readonly string[];
  /** What to tell when none of them exists. */
  readonly hint: string | undefined;
  /** Whether a lone index.html means a single-page app. */
  readonly maySpa: boolean;
}

/** npm runs these by itself at an install, so an install is due even without dependencies. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare'];

/** The folders from `folder` up to `top`: in a monorepo the lockfile lies above the project. */
function* upwards(folder: string, top: string) {
  for (let current = folder; ; current = path.dirname(current)) {
    yield current;
    if (current === top || path.dirname(current) === current) return;
  }
}

async function chooseManager(folder: string, source: string, own: PackageFile): Promise<ChosenManager> {
  let named = own.packageManager === undefined ? undefined : parsePackageManager(own.packageManager);
  for (const current of upwards(folder, source)) {
    const entries = new Set(await readdir(current));
    if (current !== folder && entries.has('package.json')) {
      const field = (await readPackage(current))?.packageManager;
      named ??= field === undefined ? undefined : parsePackageManager(field);
    }
    const candidates = named ? [named.manager === yarnModern ? yarnClassic : named.manager] : packageManagers;
    const found = candidates.find((it) => it.lockfiles.some((file) => entries.has(file)));
    if (!found) continue;
    if (named) return { ...named, hasLockfile: true };
    // Both Yarns call their lockfile the same; only the modern one begins with this key.
    const modern =
      found === yarnClassic && /^__metadata:/m.test(await readFile(path.join(current, 'yarn.lock'), 'utf8'));
    return { manager: modern ? yarnModern : found, version: undefined, hasLockfile: true };
  }
  return { manager: named?.manager ?? npm, version: named?.version, hasLockfile: false };
}

/** What to do with a project: from its settings, and where they leave it open, from its files. */
export async function detectProject({
  folder,
  source,
  settings,
}: {
  /** Real path of the project's root directory, in the real path `source`. */
  folder: string;
  source: string;
  settings: BuildSettings;
}): Promise<BuildPlan> {
  const file = await readPackage(folder);
  const dependencies = file ? dependenciesOf(file) : new Set<string>();
  const scripts = file?.scripts ?? {};
  const framework = frameworks.find((it) => it.packages.every((name) => dependencies.has(name)));
  const chosen = file && (await chooseManager(folder, source, file));

  const ownBuild = scripts.build === undefined ? undefined : `${chosen?.manager.command ?? 'npm'} run build`;
  const build = settings.build_command === null ? ownBuild : settings.build_command.trim() || undefined;

  const needsInstall =
    dependencies.size > 0 ||
    file?.workspaces !== undefined ||
    (file !== undefined && chosen?.hasLockfile === true) ||
    INSTALL_SCRIPTS.some((name) => scripts[name] !== undefined);
  let install: BuildPlan['install'] = { kind: needsInstall ? 'managed' : 'none' };
  if (settings.install_command !== null) {
    const command = settings.install_command.trim();
    install = command === '' ? { kind: 'none' } : { kind: 'command', command };
  }

  const runsNothing = build === undefined && install.kind === 'none';
  const managed = install.kind === 'managed' || (build !== undefined && build === ownBuild);
  const outputs = async (): Promise<readonly string[]> => {
    if (settings.output_directory !== null) return [settings.output_directory.trim() || '.'];
    if (runsNothing) return ['.'];
    if (framework && build !== undefined) return framework.outputs;
    // Never the root directory of something that may be a server, unless it is laid out as a site.
    const isSite = build === undefined && (await readdir(folder)).includes('index.html');
    return isSite ? [...COMMON_OUTPUTS, '.'] : COMMON_OUTPUTS;
  };

  return {
    title: framework?.name ?? (runsNothing ? 'plain files, nothing to build' : 'no known framework'),
    manager: managed ? chosen : undefined,
    install,
    build,
    outputs: await outputs(),
    hint: settings.output_directory === null ? framework?.hint : undefined,
    // Without a build one page is one page: answering every unknown address with it would hide each broken link.
    maySpa: build !== undefined && framework?.manyPages !== true,
  };
}
