import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildSettings } from '@miaobu/shared/contracts/build-job';
import { type DetectedBuild, detectBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { LONGEST_TEXT_BYTES } from '@miaobu/shared/kernel/detect/source-files';
import { BuildFailure } from './build-failure.ts';

/** How to build a project on this disk: from its settings and, where they leave it open, from its files. */
export async function detectProject({
  folder,
  source,
  settings,
}: {
  /** Real path of the project's root directory, in the real path `source`. */
  folder: string;
  source: string;
  settings: BuildSettings;
}): Promise<DetectedBuild> {
  const root = path.relative(source, folder).split(path.sep).join('/');
  const sizeOf = (name: string) => fileSize(path.join(source, name));
  const detected = await detectBuild(
    {
      has: (name) => sizeOf(name) !== undefined,
      readText: async (name) =>
        (sizeOf(name) ?? Infinity) > LONGEST_TEXT_BYTES ? undefined : readFile(path.join(source, name), 'utf8'),
    },
    root,
    settings,
  );
  if (detected.problem !== undefined) throw new BuildFailure('source_invalid', detected.problem);
  return detected;
}

/** Undefined for anything but a file: a folder, a dangling link, an impossible name. */
function fileSize(file: string): number | undefined {
  try {
    const found = statSync(file);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
