import { readdir } from 'node:fs/promises';
import { BuildFailure } from '../build-failure.ts';
import { findFolderInside } from '../source/folder-inside.ts';

/** The folders directly in `folder`, as a sentence for someone who cannot find theirs. */
export async function foldersIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((it) => it.isDirectory() && it.name !== 'node_modules' && it.name !== '.git');
  if (names.length === 0) return 'There are no folders there.';
  const shown = names.slice(0, 20).map((it) => it.name);
  return `The folders there are: ${shown.sort().join(', ')}${names.length > shown.length ? ', …' : ''}.`;
}

/** The folder to publish: the first of `outputs` that exists in the project's root directory `folder`. */
export async function findOutput(
  folder: string,
  { outputs, hint }: { outputs: readonly string[]; hint: string | undefined },
): Promise<string> {
  for (const name of outputs) {
    const found = await findFolderInside(folder, name);
    if (found.kind === 'found') return found.path;
    if (found.kind === 'outside') {
      throw new BuildFailure(
        'output_invalid',
        `The output directory ${JSON.stringify(name)} is outside of the project.`,
      );
    }
  }
  const looked = outputs.map((name) => JSON.stringify(name)).join(' or ');
  const advice = hint ?? "Set the output directory in the project's settings.";
  throw new BuildFailure(
    'output_missing',
    `The build made no output directory: there is no ${looked}. ${await foldersIn(folder)} ${advice}`,
  );
}
