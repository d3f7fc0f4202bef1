import type { RepositoryAnalysis } from '@miaobu/shared/contracts/code-repositories';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';

const MOST_DIRECTORIES = 50;
const PACKAGE_FILE = /(?:^|\/)(?:package\.json|requirements\.txt|pyproject\.toml|Pipfile)$/;

function installCommandOf({ install, manager }: DetectedBuild): string | null {
  if (install.kind === 'command') return install.command;
  if (install.kind === 'none' || !manager) return null;
  return manager.hasLockfile ? manager.manager.installLocked : manager.manager.install;
}

const depth = (path: string) => (path === '' ? 0 : path.split('/').length);

/** Folders that may be projects' root directories. */
const packageDirectories = (paths: readonly string[]) =>
  [
    ...new Set(
      paths
        .filter((path) => PACKAGE_FILE.test(path) && !path.split('/').includes('node_modules'))
        .map((path) => path.replace(PACKAGE_FILE, '')),
    ),
  ]
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
    .slice(0, MOST_DIRECTORIES);

/** The detection result, in the wire format. */
export const presentAnalysis = (
  detected: DetectedBuild,
  paths: readonly string[],
): Omit<RepositoryAnalysis, 'full_name' | 'branch' | 'commit_sha' | 'root_directory' | 'truncated'> => ({
  kind: detected.kind,
  framework: detected.framework?.name ?? null,
  confidence: detected.confidence,
  package_manager: detected.manager?.manager.title ?? null,
  install_command: installCommandOf(detected),
  build_command: detected.build ?? null,
  start_command: detected.server?.start ?? null,
  runtime_version: detected.server?.version ?? null,
  python_dependencies: detected.python?.path ?? null,
  output_directories: [...detected.outputs],
  node_version: detected.nodeVersion ?? null,
  spa: detected.maySpa,
  problem: detected.problem ?? null,
  reasons: [...detected.reasons],
  package_directories: packageDirectories(paths),
});
