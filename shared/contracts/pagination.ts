import * as z from 'zod';

/** `limit` and `cursor` of every list; a cursor is what `meta.next_cursor` of the page before said. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(200).optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

/** What the answer of a list says besides its page. */
export const pageMeta = z.strictObject({
  next_cursor: z.string().nullable().describe('Send it as `cursor` for the next page; null on the last.'),
});
z.globalRegistry.add(pageMeta, { id: 'PageMeta' });

export const noQuery = z.strictObject({});
export const noParams = z.strictObject({});
