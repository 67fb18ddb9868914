import { LRUCache } from 'lru-cache';
import type { Catalog } from './catalog.ts';

const MAX_CUSTOMERS = 1_000;

type Reads = Pick<Catalog, 'findCustomer' | 'tableForReading'>;

/**
 * Caches what was read of a customer until anything is written to the database. Every analysis reads it, and without a cache
 * precomputed aggregates spend most of their time on that.
 *
 * @param version returns another number after every change; it may also change without one
 */
export function cachedReads(reads: Reads, version: () => number): Reads {
  return {
    findCustomer: cached(reads.findCustomer, version),
    tableForReading: cached(reads.tableForReading, version),
  };
}

function cached<Id extends string, T extends object>(
  read: (id: Id) => Promise<T | null>,
  version: () => number,
): (id: Id) => Promise<T | null> {
  const known = new LRUCache<Id, { readonly version: number; readonly value: T }>({ max: MAX_CUSTOMERS });
  return async (id) => {
    // Before the read: after a concurrent write, the value belongs to an earlier version.
    const now = version();
    const kept = known.get(id);
    if (kept?.version === now) return kept.value;
    const value = await read(id);
    if (value === null) known.delete(id);
    else known.set(id, { version: now, value });
    return value;
  };
}
