import { Problem } from '../errors.ts';
import type { Page } from './catalog.ts';

/** What a cursor stands in: one of another list is refused. */
type List = 'customers' | 'uploads';

/**
 * Cuts a page out of rows that were read up to one beyond it.
 *
 * @param keyOf what the next page begins after
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
 * Reads the key out of a cursor that {@link pageOf} made.
 *
 * @throws Problem bad_request where it made no such cursor
 */
export function readCursor<Key>(list: List, cursor: string, parse: (key: string) => Key | null): Key {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString();
  const key = text.startsWith(`${list}:`) ? parse(text.slice(list.length + 1)) : null;
  // Node reads broken base64 as far as it can.
  if (key !== null && bytes.toString('base64url') === cursor) return key;
  throw new Problem('bad_request', 'The cursor is none that this list gave. Pass `next_cursor` on as it was given.');
}
