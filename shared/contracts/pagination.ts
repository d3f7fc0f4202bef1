import * as z from 'zod';

/** A limit of a query, with a default. */
export const pageLimit = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual).describe('The most entries that the page may have.');

/** `limit` and `cursor` of every list. */
export const pageQuery = z.strictObject({
  limit: pageLimit(100, 20),
  cursor: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('`meta.next_cursor` of the previous page; leave it out for the first page.'),
});

/** The `meta` of a list's response. */
export const pageMeta = z
  .strictObject({
    next_cursor: z.string().nullable().describe('Send it as `cursor` to get the next page; null on the last page.'),
  })
  .meta({ id: 'PageMeta', description: 'Where the next page of a list begins.' });

export const noQuery = z.strictObject({});
export const noParams = z.strictObject({});
