import { LRUCache } from 'lru-cache';
import type { Catalog } from './catalog.ts';

const MOST_CUSTOMERS = 1_000;

type Reads = Pick<Catalog, 'findCustomer' | 'tableForReading'>;

/**
 * Keeps what was read of a customer as long as nothing was written to the database: an analysis asks for it every time, and
 * most of a standing answer's time went into asking.
 *
 * @param version another one after every change; it may change without one
 */
export function rememberedReads(reads: Reads, version: () => number): Reads {
  return {
    findCustomer: remembered(reads.findCustomer, version),
    tableForReading: remembered(reads.tableForReading, version),
  };
}

function remembered<Id extends string, T extends object>(
  read: (id: Id) => Promise<T | null>,
  version: () => number,
): (id: Id) => Promise<T | null> {
  const known = new LRUCache<Id, { readonly version: number; readonly value: T }>({ max: MOST_CUSTOMERS });
  return async (id) => {
    // Before the reading: what is written meanwhile makes it one of an earlier version.
    const now = version();
    const kept = known.get(id);
    if (kept?.version === now) return kept.value;
    const value = await read(id);
    if (value === null) known.delete(id);
    else known.set(id, { version: now, value });
    return value;
  };
}
