import path from 'node:path';
import type { DetectedBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { yarnModern } from '@miaobu/shared/kernel/detect/package-managers';
import { PYTHON_FOLDER } from './install-python.ts';

/** What the commands of an app are run with besides, so that its dependencies end up where they can be packed, and are found there. */
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
      // A bar that grows is many lines in a log.
      PIP_PROGRESS_BAR: 'off',
      PYTHONDONTWRITEBYTECODE: '1',
    };
  }
  if (kind !== 'node' || manager?.manager !== yarnModern) return {};
  // With Plug'n'Play, its default, packages stay in archives that nothing but its own loader reads.
  say('Note: Yarn installs into node_modules here, whatever .yarnrc.yml says; other places cannot be packed.');
  return { YARN_NODE_LINKER: 'node-modules' };
}
