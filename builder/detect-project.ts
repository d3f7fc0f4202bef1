import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildSettings } from '@miaobu/shared/contracts/build-job';
import { type DetectedBuild, detectBuild } from '@miaobu/shared/kernel/detect/detect-build';
import { foldersUpwards, pathIn } from '@miaobu/shared/kernel/detect/source-files';
import { BuildFailure, errorCode } from './build-failure.ts';

/** What to do with a project that lies on this disk: from its settings, and where they leave it open, from its files. */
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
  const names = new Set<string>();
  for (const current of foldersUpwards(root)) {
    for (const name of await readdir(path.join(source, current))) names.add(pathIn(current, name));
  }
  const detected = await detectBuild(
    { has: (name) => names.has(name), readText: (name) => readText(path.join(source, name)) },
    root,
    settings,
  );
  if (detected.problem !== undefined) throw new BuildFailure('source_invalid', detected.problem);
  return detected;
}

/** Undefined for what is no file. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    // A link into nowhere, or a folder of that name.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EISDIR') return undefined;
    throw error;
  }
}
