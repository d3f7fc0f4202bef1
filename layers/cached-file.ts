import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const KEPT_OF_A_KIND = 4;

/**
 * The content that `make` makes of inputs whose hash is `key`: from `{directory}/{kind}-{key}` if it was made before. A file
 * under its name is complete. Of each kind the newest few are kept.
 */
export async function cachedFile(
  directory: string,
  kind: string,
  key: string,
  make: () => Promise<Buffer>,
): Promise<{ content: Buffer; wasCached: boolean }> {
  const file = path.join(directory, `${kind}-${key}`);
  const known = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (known) return { content: known, wasCached: true };
  const content = await make();
  await mkdir(directory, { recursive: true });
  const unfinished = path.join(directory, `unfinished-${randomUUID()}`);
  await writeFile(unfinished, content);
  await rename(unfinished, file);
  await forgetOld(directory, `${kind}-`);
  return { content, wasCached: false };
}

async function forgetOld(directory: string, prefix: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  const aged = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      // Another release may have deleted it first.
      const found = await stat(file).catch(() => undefined);
      return { file, writtenAt: found?.mtimeMs ?? 0 };
    }),
  );
  aged.sort((a, b) => b.writtenAt - a.writtenAt);
  await Promise.all(aged.slice(KEPT_OF_A_KIND).map(({ file }) => rm(file, { force: true })));
}
