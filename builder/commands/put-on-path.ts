import { chmod, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { FetchedPackage } from './fetch-package.ts';

/** Puts the programs of a package into a folder that is on the PATH, in place of others of the same names. */
export async function putOnPath(
  { folder, programs }: Pick<FetchedPackage, 'folder' | 'programs'>,
  into: string,
): Promise<void> {
  for (const [name, file] of Object.entries(programs)) {
    const program = path.join(folder, file);
    // npm does the same, and many packages rely on it.
    await chmod(program, 0o755).catch(() => {});
    const place = path.join(into, path.basename(name));
    await rm(place, { force: true });
    await symlink(program, place);
  }
}
