import { type ChosenManager, chooseManager } from './choose-manager.ts';
import { COMMON_OUTPUTS, type Framework, frameworks } from './frameworks.ts';
import { findNodeVersion } from './node-version.ts';
import { type PackageFile, parsePackageFile } from './package-file.ts';
import { pathIn, type SourceFiles } from './source-files.ts';

/** What a project's owner decided. `null` means "detect it"; an empty command means "run nothing". */
export interface DecidedSettings {
  readonly install_command: string | null;
  readonly build_command: string | null;
  readonly output_directory: string | null;
}

export const NOTHING_DECIDED: DecidedSettings = { install_command: null, build_command: null, output_directory: null };

/** Why something was taken for what it is, for a person. */
export interface Reason {
  readonly about: 'framework' | 'package_manager' | 'install' | 'build' | 'output' | 'node_version' | 'spa';
  readonly text: string;
}

/** How far to trust a detection: a known framework or plain pages; something that builds; a guess. */
export type Confidence = 'high' | 'medium' | 'low';

/** What is published: files; or a program that answers requests, on Node.js or on Python. */
export type BuildKind = 'static' | 'node' | 'python';

/** How the program of an app is run. */
export interface DetectedServer {
  readonly runtime: 'node' | 'python';
  /** The version line its package is to run on, e.g. `22` or `3.12`; a default when nothing asks for one. */
  readonly version: string;
  /**
   * A shell command, run in the root directory of the unpacked app with PORT and HOST set; programs of its dependencies
   * (`node_modules/.bin`, `python_deps/bin`) are on the PATH. It is the program itself, never `npm start` or the like.
   */
  readonly start: string;
}

/** What the dependencies of a Python app are read from. */
export interface PythonDependencies {
  readonly source: 'requirements' | 'pyproject' | 'poetry' | 'uv' | 'pipfile' | 'none';
  /** The lockfile, or without one the file that lists them; relative to the repository. Undefined with `none`. */
  readonly path: string | undefined;
}

export interface DetectedBuild {
  readonly kind: BuildKind;
  /** Undefined for `static`. */
  readonly server: DetectedServer | undefined;
  /** Defined for `python`. They are installed when `install` is `managed`; `manager` is then for the package.json beside them. */
  readonly python: PythonDependencies | undefined;
  readonly framework: Framework | undefined;
  /** What this project was taken for. */
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
  /** What the project asks for; nothing is built with it yet when the runner has another. */
  readonly nodeVersion: string | undefined;
  readonly confidence: Confidence;
  readonly reasons: readonly Reason[];
  /** Why the project cannot be built as it is: its package.json is broken. */
  readonly problem: string | undefined;
}

/** npm runs these by itself at an install, so an install is due even without dependencies. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare'];

/**
 * What to do with a project: from its settings, and where they leave it open, from its files. The build runner does what this
 * says; whoever is about to import a repository is shown it.
 */
export async function detectBuild(
  files: SourceFiles,
  /** The root directory in the repository; empty for the repository itself. */
  folder: string,
  settings: DecidedSettings,
): Promise<DetectedBuild> {
  const { file, problem } = await readOwnPackage(files, folder);
  const scripts = file?.scripts ?? {};
  const framework = file && frameworks.find((it) => it.packages.every((name) => file.dependencies.has(name)));
  const chosen = file && (await chooseManager(files, folder, file));

  const ownBuild = scripts.build === undefined ? undefined : `${chosen?.manager.command ?? 'npm'} run build`;
  const build = settings.build_command === null ? ownBuild : settings.build_command.trim() || undefined;
  const install = installOf(settings, file, chosen);
  const runsNothing = build === undefined && install.kind === 'none';
  const managed = install.kind === 'managed' || (build !== undefined && build === ownBuild);
  const manager = managed ? chosen : undefined;
  const hasIndex = files.has(pathIn(folder, 'index.html'));
  const isSite = build === undefined && hasIndex;
  const manyPages = framework?.manyPages === true;
  const node = await findNodeVersion(files, folder, file);

  const outputs = (): readonly string[] => {
    if (settings.output_directory !== null) return [settings.output_directory.trim() || '.'];
    if (runsNothing) return ['.'];
    if (framework && build !== undefined) return framework.outputs;
    // Never the root directory of something that may be a server, unless it is laid out as a site.
    return isSite ? [...COMMON_OUTPUTS, '.'] : COMMON_OUTPUTS;
  };
  const confidence = (): Confidence => {
    if (problem !== undefined) return 'low';
    if (runsNothing) return hasIndex ? 'high' : 'low';
    if (build === undefined) return isSite ? 'medium' : 'low';
    return framework ? 'high' : 'medium';
  };
  const reasons: Reason[] = [
    { about: 'framework', text: problem ?? frameworkReason(file, framework) },
    ...(manager ? [{ about: 'package_manager', text: manager.reason } as const] : []),
    { about: 'build', text: buildReason(settings, file, ownBuild) },
    ...(framework?.hint === undefined ? [] : [{ about: 'output', text: framework.hint } as const]),
    ...(framework && build !== undefined ? [{ about: 'spa', text: spaReason(framework) } as const] : []),
    ...(node ? [{ about: 'node_version', text: `${node.from} asks for it.` } as const] : []),
  ];

  return {
    kind: 'static',
    server: undefined,
    python: undefined,
    framework,
    title: framework?.name ?? (runsNothing ? 'plain files, nothing to build' : 'no known framework'),
    manager,
    install,
    build,
    outputs: outputs(),
    hint: settings.output_directory === null ? framework?.hint : undefined,
    // Without a build one page is one page: answering every unknown address with it would hide each broken link.
    maySpa: build !== undefined && !manyPages,
    nodeVersion: node?.version,
    confidence: confidence(),
    reasons,
    problem,
  };
}

async function readOwnPackage(
  files: SourceFiles,
  folder: string,
): Promise<{ readonly file: PackageFile | undefined; readonly problem: string | undefined }> {
  const path = pathIn(folder, 'package.json');
  if (!files.has(path)) return { file: undefined, problem: undefined };
  const text = await files.readText(path);
  if (text === undefined)
    return { file: undefined, problem: 'package.json cannot be read: it is no file, or too long.' };
  const parsed = parsePackageFile(text);
  return 'problem' in parsed ? { file: undefined, ...parsed } : { file: parsed, problem: undefined };
}

function installOf(
  settings: DecidedSettings,
  file: PackageFile | undefined,
  chosen: ChosenManager | undefined,
): DetectedBuild['install'] {
  if (settings.install_command !== null) {
    const command = settings.install_command.trim();
    return command === '' ? { kind: 'none' } : { kind: 'command', command };
  }
  const isDue =
    file !== undefined &&
    (file.dependencies.size > 0 ||
      file.hasWorkspaces ||
      chosen?.hasLockfile === true ||
      INSTALL_SCRIPTS.some((name) => file.scripts[name] !== undefined));
  return { kind: isDue ? 'managed' : 'none' };
}

function frameworkReason(file: PackageFile | undefined, framework: Framework | undefined): string {
  if (!file) return 'There is no package.json: the files are published as they are.';
  if (!framework) return 'No framework that is known is among the dependencies in package.json.';
  const names = framework.packages.map((name) => `"${name}"`).join(' and ');
  return `${names} ${framework.packages.length > 1 ? 'are' : 'is'} among the dependencies in package.json.`;
}

function buildReason(settings: DecidedSettings, file: PackageFile | undefined, ownBuild: string | undefined): string {
  if (settings.build_command !== null) return 'The settings say so.';
  if (ownBuild !== undefined) return 'package.json has a script "build".';
  return file ? 'package.json has no script "build".' : 'There is nothing to build.';
}

const spaReason = ({ name, manyPages }: Framework) =>
  manyPages === true
    ? `${name} makes a page for each address.`
    : `${name} makes one page for all addresses, unless told otherwise.`;
