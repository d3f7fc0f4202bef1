import path from 'node:path';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { yarnModern } from '@miaobu/shared/kernel/detect/package-managers';
import { PYTHON_FOLDER } from './install-python.ts';

/** Additional variables for an app's commands, so that its dependencies are installed where they can be packed and found. */
export function appVariables(
  { kind, manager }: Pick<DetectedBuild, 'kind' | 'manager'>,
  folder: string,
  say: (line: string) => void,
): Readonly<Record<string, string>> {
  if (kind === 'python') {
    const target = path.join(folder, PYTHON_FOLDER);
    return {
      PYTHONPATH: target,
      PIP_TARGET: target,
      PIP_NO_COMPILE: '1',
      // A progress bar would be many lines in a log.
      PIP_PROGRESS_BAR: 'off',
      PYTHONDONTWRITEBYTECODE: '1',
    };
  }
  if (kind !== 'node' || manager?.manager !== yarnModern) return {};
  // With Plug'n'Play, its default, packages stay in archives that only its own loader reads.
  say('Note: Yarn installs into node_modules here, whatever .yarnrc.yml says; other places cannot be packed.');
  return { YARN_NODE_LINKER: 'node-modules' };
}
