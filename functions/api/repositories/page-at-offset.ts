import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { CodePage } from '@miaobu/shared/ports/code-host';

/** GitHub's maximum page size. */
const LARGEST = 100;

/** The offset in GitHub's list at which our page begins: the cursor is the number of entries before it. */
export function readOffset(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor);
  throw invalidFields('query', [{ path: ['cursor'], message: 'is not a cursor of this list' }]);
}

/** The GitHub page that contains an entry, and how many come before it there. Uses pages of `size` where one begins with the entry. */
export function pageAtOffset(offset: number, size: number): CodePage & { readonly skip: number } {
  const chosen = offset % size === 0 ? size : LARGEST;
  return { number: Math.floor(offset / chosen) + 1, size: chosen, skip: offset % chosen };
}

/** The largest page, for a search in which few entries match. */
export const largestPageAtOffset = (offset: number) => pageAtOffset(offset, LARGEST);
