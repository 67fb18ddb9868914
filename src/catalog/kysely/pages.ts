import { Problem } from '../../errors.ts';
import type { Page } from '../page.ts';

/** A cursor contains the name of its list, and is refused by the others. */
type List = 'customers' | 'uploads' | 'deliveries';

/**
 * Makes a page of rows that were read up to one row past its end.
 *
 * @param keyOf the sort key of a row, after which the next page starts
 */
export function pageOf<Row, Item>(
  list: List,
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string | number,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(itemOf),
    nextCursor: last && rows.length > limit ? Buffer.from(`${list}:${keyOf(last)}`).toString('base64url') : null,
  };
}

/**
 * Reads the key in a cursor of {@link pageOf}.
 *
 * @throws Problem bad_request if the cursor is invalid
 */
export function readCursor<Key>(list: List, cursor: string, parse: (key: string) => Key | null): Key {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString();
  const key = text.startsWith(`${list}:`) ? parse(text.slice(list.length + 1)) : null;
  // Node decodes invalid base64 as far as possible.
  if (key !== null && bytes.toString('base64url') === cursor) return key;
  throw new Problem('bad_request', 'Invalid cursor. Pass the `next_cursor` of the previous page unchanged.');
}
