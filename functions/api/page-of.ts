import { type IdKind, readId, showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';

/** The id below which a page of a list (newest first) begins. */
export function readCursor(kind: IdKind, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = readId(kind, cursor);
  if (id === undefined) {
    throw invalidFields('query', [{ path: ['cursor'], message: 'is not a cursor of this list' }]);
  }
  return id;
}

/** Cuts rows (one more than requested) to a page, and says where the next one begins. */
export function pageOf<Row extends { readonly id: string }>(
  kind: IdKind,
  rows: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last ? showId(kind, last.id) : null };
}
