/** One page of a list. */
interface Page {
  readonly next_cursor: string | null;
}

/** @param fetchPage requests the page at a cursor; null: the first one */
export async function* pagesOf<P extends Page>(
  fetchPage: (cursor: string | null) => Promise<P>,
): AsyncGenerator<P, void> {
  let cursor: string | null = null;
  do {
    const page: P = await fetchPage(cursor);
    yield page;
    cursor = page.next_cursor;
  } while (cursor !== null);
}

/** All items of all pages of a list. */
export async function* itemsOf<Item>(
  fetchPage: (cursor: string | null) => Promise<Page & { readonly items: readonly Item[] }>,
): AsyncGenerator<Item, void> {
  for await (const { items } of pagesOf(fetchPage)) yield* items;
}
