import { LRUCache } from 'lru-cache';
import type { Catalog } from '../catalog/catalog.ts';
import type { TableForReading } from '../catalog/table-state.ts';
import type { CustomerId } from '../model/ids.ts';
import type { RowAddress } from '../table-store/table-store.ts';

const MAX_TABLES = 100;
/** Of all tables that are remembered. Each takes some 16 bytes. */
const MAX_UPLOADS = 1_000_000;

/** The uploads of one state of a table, in the order of their rows. */
interface Uploads {
  readonly state: string;
  readonly tags: readonly number[];
  /** For each upload, the number of rows up to its last one. */
  readonly ends: readonly number[];
}

/**
 * Finds the upload of a row by its number in the table, from the row counts in the catalog. They are summed up once per state
 * of a table.
 */
export class RowAddresses {
  readonly #catalog: Pick<Catalog, 'committedRows'>;
  readonly #known = new LRUCache<CustomerId, Uploads>({
    max: MAX_TABLES,
    maxSize: MAX_UPLOADS,
    sizeCalculation: ({ tags }) => tags.length + 1,
  });

  constructor(catalog: Pick<Catalog, 'committedRows'>) {
    this.#catalog = catalog;
  }

  /**
   * @param row its number, from 0, less than the number of rows in the table
   * @returns null if an upload of this state was undone in the meantime
   */
  async find(customerId: CustomerId, view: TableForReading, row: number): Promise<RowAddress | null> {
    const { tags, ends } = await this.#uploads(customerId, view);
    if (ends.at(-1) !== view.table.rows) return null;
    let index = 0;
    for (let past = ends.length - 1; index < past; ) {
      const middle = (index + past) >> 1;
      if ((ends[middle] as number) > row) past = middle;
      else index = middle + 1;
    }
    const rowsBefore = ends[index - 1] ?? 0;
    return { tag: tags[index] as number, offset: row - rowsBefore, rowsBefore };
  }

  async #uploads(customerId: CustomerId, view: TableForReading): Promise<Uploads> {
    const state = `${view.createdAt.getTime()} ${view.table.version}`;
    const known = this.#known.get(customerId);
    if (known?.state === state) return known;
    const { uncommittedTags, lastTag } = view;
    const later = new Set(uncommittedTags);
    const committed = (await this.#catalog.committedRows(customerId)).filter(
      ({ tag }) => tag <= lastTag && !later.has(tag),
    );
    let end = 0;
    const uploads = {
      state,
      tags: committed.map(({ tag }) => tag),
      ends: committed.map(({ rows }) => {
        end += rows;
        return end;
      }),
    };
    if (end === view.table.rows) this.#known.set(customerId, uploads);
    return uploads;
  }
}
