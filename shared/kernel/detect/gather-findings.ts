import { type ChosenManager, chooseManager } from './choose-manager.ts';
import { type DecidedKind, decideKind } from './decide-kind.ts';
import type { DecidedSettings, DetectedBuild, Reason } from './detect-build.ts';
import { type FoundFramework, findFramework } from './frameworks/find-framework.ts';
import { findNodeServer, type NodeServerSearch } from './node/find-node-server.ts';
import { type AskedVersion, findNodeVersion } from './node-version.ts';
import { type PackageFile, parsePackageFile } from './package-file.ts';
import { findPythonApp, type PythonApp } from './python/find-python-app.ts';
import { type ProjectFolder, pathIn, projectFolder, readOnce, type SourceFiles } from './source-files.ts';

/** npm runs these at an install, so an install is needed even without dependencies. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare'];

export const SETTINGS_SAY_SO = 'The settings say so.';

/** Everything found out about a project. */
export interface Findings {
  readonly settings: DecidedSettings;
  readonly decided: DecidedKind;
  readonly file: PackageFile | undefined;
  /** Why its package.json cannot be read. */
  readonly packageProblem: string | undefined;
  readonly framework: FoundFramework | undefined;
  readonly hasIndex: boolean;
  /** Its packages are separate projects. */
  readonly isWorkspace: boolean;
  readonly nodeSearch: NodeServerSearch | undefined;
  readonly python: PythonApp | undefined;
  readonly nodeVersion: AskedVersion | undefined;
  readonly manager: ChosenManager | undefined;
  readonly install: DetectedBuild['install'];
  readonly build: string | undefined;
  /** Why it is built this way. */
  readonly buildReasons: readonly Reason[];
}

/**
 * Finds out what the project in the folder `root` consists of and how it is built, as far as `settings` leave it open. Problems are
 * findings, too: it throws only what `source` throws.
 */
export async function gatherFindings(source: SourceFiles, root: string, settings: DecidedSettings): Promise<Findings> {
  const files = readOnce(source);
  const folder = projectFolder(files, root);
  const { file, problem: packageProblem } = await readOwnPackage(files, root);
  const framework = file && (await findFramework({ folder, file }));
  const chosen = file && (await chooseManager(files, root, file));
  const hasIndex = folder.has('index.html');

  const script = [framework?.script, 'build'].find((name) => name !== undefined && file?.scripts[name] !== undefined);
  const ownBuild = script === undefined ? undefined : `${chosen?.manager.command ?? 'npm'} run ${script}`;
  const build = settings.build_command === null ? ownBuild : settings.build_command.trim() || undefined;
  const runsScript = build !== undefined && build === ownBuild;

  const built = build === undefined ? undefined : (script ?? 'build');
  const nodeSearch =
    packageProblem === undefined ? await searchNode(folder, file, framework, built, hasIndex) : undefined;
  const python = packageProblem === undefined ? await findPythonApp(files, root, folder) : undefined;
  const decided = decideKind(settings, nodeSearch, python);

  const isPython = decided.kind === 'python';
  const packagesDue = file !== undefined && isInstallDue(file, chosen) && (!isPython || runsScript);
  const install = installOf(settings, packagesDue || (isPython && python?.manifest.path !== undefined));
  const manager = runsScript || (install.kind === 'managed' && packagesDue) ? chosen : undefined;
  return {
    settings,
    decided,
    file,
    packageProblem,
    framework,
    hasIndex,
    isWorkspace: file?.hasWorkspaces === true || folder.has('pnpm-workspace.yaml'),
    nodeSearch,
    python,
    nodeVersion: await findNodeVersion(files, root, file),
    manager,
    install,
    build,
    buildReasons: [
      ...(manager ? [{ about: 'package_manager', text: manager.reason } as const] : []),
      ...(isPython && !file ? [] : [{ about: 'build', text: buildReason(settings, file, script) } as const]),
    ],
  };
}

/** Without a package.json a lone server.js may still be the app; beside pages it is more likely a preview for their author. */
async function searchNode(
  folder: ProjectFolder,
  file: PackageFile | undefined,
  framework: FoundFramework | undefined,
  built: string | undefined,
  hasIndex: boolean,
): Promise<NodeServerSearch | undefined> {
  if (file) return findNodeServer({ folder, file }, framework, built);
  const empty = parsePackageFile('{}');
  return hasIndex || 'problem' in empty ? undefined : findNodeServer({ folder, file: empty }, undefined, undefined);
}

async function readOwnPackage(
  files: SourceFiles,
  root: string,
): Promise<{ readonly file: PackageFile | undefined; readonly problem: string | undefined }> {
  const path = pathIn(root, 'package.json');
  if (!files.has(path)) return { file: undefined, problem: undefined };
  const text = await files.readText(path);
  if (text === undefined) return { file: undefined, problem: 'package.json cannot be read: it is too long.' };
  const parsed = parsePackageFile(text);
  return 'problem' in parsed ? { file: undefined, ...parsed } : { file: parsed, problem: undefined };
}

const isInstallDue = (file: PackageFile, chosen: ChosenManager | undefined) =>
  file.dependencies.size > 0 ||
  file.hasWorkspaces ||
  chosen?.hasLockfile === true ||
  INSTALL_SCRIPTS.some((name) => file.scripts[name] !== undefined);

function installOf({ install_command }: DecidedSettings, isDue: boolean): DetectedBuild['install'] {
  if (install_command === null) return { kind: isDue ? 'managed' : 'none' };
  const command = install_command.trim();
  return command === '' ? { kind: 'none' } : { kind: 'command', command };
}

function buildReason(settings: DecidedSettings, file: PackageFile | undefined, script: string | undefined): string {
  if (settings.build_command !== null) return SETTINGS_SAY_SO;
  if (script !== undefined) return `package.json has a script "${script}".`;
  return file ? 'package.json has no script "build".' : 'There is nothing to build.';
}

/** Why the project was matched to a framework, or to none. */
export function frameworkReason({ file, framework, packageProblem }: Findings): string {
  if (packageProblem !== undefined) return packageProblem;
  if (!file) return 'There is no package.json: the files are published as they are.';
  if (!framework) return 'No framework that is known is among the dependencies in package.json.';
  const names = framework.packages.map((name) => `"${name}"`).join(' and ');
  return `${names} ${framework.packages.length > 1 ? 'are' : 'is'} among the dependencies in package.json.`;
}
