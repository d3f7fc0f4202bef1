import * as z from 'zod';

/** `limit` and `cursor` of every list; a cursor is what `meta.next_cursor` of the page before said. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().min(1).max(200).optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

export const noQuery = z.strictObject({});
export const noParams = z.strictObject({});
