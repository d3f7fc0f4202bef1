import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { foldersUpwards } from '@miaobu/shared/kernel/detect/source-files';

const LOCKFILES = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  'requirements.txt',
  'poetry.lock',
  'uv.lock',
  'Pipfile.lock',
];
/** They decide when there is no lockfile. */
const DECLARATIONS = ['package.json', 'pyproject.toml', 'Pipfile', 'setup.py'];

async function contentOf(file: string): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    return (await handle.stat()).isFile() ? await handle.readFile() : undefined;
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function digest(source: string, folder: string, names: readonly string[], beginning: string) {
  const hash = createHash('sha256').update(beginning);
  let found = 0;
  const root = path.relative(source, folder).split(path.sep).join('/');
  for (const current of foldersUpwards(root)) {
    for (const name of names) {
      const content = await contentOf(path.join(source, current, name));
      if (!content) continue;
      found += 1;
      hash.update(`\n${current}/${name} ${content.length}\n`).update(content);
    }
  }
  return { found, hex: hash.digest('hex') };
}

/**
 * Two installs of the same fingerprint need the same packages: it is made of the lockfiles in the project's folder and
 * above it or, without any, of the files that declare the requirements.
 */
export async function installFingerprint({
  source,
  folder,
  by,
}: {
  source: string;
  /** The project's root directory, in `source`. */
  folder: string;
  /** What installs, and in which version. */
  by: string;
}): Promise<string> {
  const locked = await digest(source, folder, LOCKFILES, by);
  return locked.found > 0 ? locked.hex : (await digest(source, folder, DECLARATIONS, by)).hex;
}
