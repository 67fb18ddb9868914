import { LRUCache } from 'lru-cache';
import type { TableName } from '../../model/ids.ts';

const MAX_UPLOADS = 10_000;

/**
 * Row ids of the first rows of uploads, as they were last looked up. A checkpoint that removes deleted rows moves the rows
 * after them, so each one is a hint, which the engine verifies.
 */
export class UploadStarts {
  readonly #starts = new LRUCache<string, number>({ max: MAX_UPLOADS });

  get({ customerId, tableId }: TableName, tag: number): number | undefined {
    return this.#starts.get(`${customerId} ${tableId} ${tag}`);
  }

  set({ customerId, tableId }: TableName, tag: number, rowId: number): void {
    this.#starts.set(`${customerId} ${tableId} ${tag}`, rowId);
  }
}
