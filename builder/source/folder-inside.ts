import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../build-failure.ts';

export type FolderInside =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'outside' };

/** Whether `inner` is `outer` or lies in it; both real paths. */
export const isInside = (outer: string, inner: string) => inner === outer || inner.startsWith(`${outer}${path.sep}`);

/** Finds a folder that a setting names, and refuses one that is, by `..` or a symbolic link, outside of `outer`. */
export async function findFolderInside(outer: string, relative: string): Promise<FolderInside> {
  if (path.isAbsolute(relative)) return { kind: 'outside' };
  const root = await realpath(outer);
  const named = path.resolve(root, relative);
  if (!isInside(root, named)) return { kind: 'outside' };
  try {
    const real = await realpath(named);
    if (!isInside(root, real)) return { kind: 'outside' };
    return (await stat(real)).isDirectory() ? { kind: 'found', path: real } : { kind: 'missing' };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { kind: 'missing' };
    throw error;
  }
}
