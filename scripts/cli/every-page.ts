interface Page<Item> {
  readonly data: readonly Item[];
  readonly meta: { readonly next_cursor: string | null };
}

/** The items of a list from page to page, up to `limit`. */
export async function everyPage<Item>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
  { limit = Number.POSITIVE_INFINITY, pageSize = 100 } = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null | undefined;
  while (items.length < limit && cursor !== null) {
    const query = { limit: Math.min(pageSize, limit - items.length), ...(cursor === undefined ? {} : { cursor }) };
    const { data, meta } = await read(query);
    items.push(...data);
    cursor = meta.next_cursor;
  }
  return items;
}
