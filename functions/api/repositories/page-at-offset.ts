import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { CodePage } from '@miaobu/shared/ports/code-host';

/** GitHub's largest page. */
const LARGEST = 100;

/** Where in a list of GitHub's a page of ours begins: its cursor is the number of entries before it. */
export function readOffset(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor);
  throw invalidFields('query', [{ path: ['cursor'], message: 'is not a cursor of this list' }]);
}

/** The page of GitHub's in which an entry is, and how many come before it there. One of `size` where it begins with the entry. */
export function pageAtOffset(offset: number, size: number): CodePage & { readonly skip: number } {
  const chosen = offset % size === 0 ? size : LARGEST;
  return { number: Math.floor(offset / chosen) + 1, size: chosen, skip: offset % chosen };
}

/** A page for whoever looks for entries of which few will do. */
export const largestPageAtOffset = (offset: number) => pageAtOffset(offset, LARGEST);
