import { createHash } from 'node:crypto';
import type { CopiedRows } from '../catalog/catalog-copies.ts';
import { failpoint } from '../failpoints.ts';
import type { CustomerId } from '../model/ids.ts';
import type { MoveDeps, MoveSide } from './move-sides.ts';

type Catalogs = Pick<MoveDeps, 'source' | 'target'>;

/** Copies what the catalog has of a customer, and compares both sides. @throws Error if they differ: the customer is removed again */
export async function copyCatalogRows({ source, target }: Catalogs, customerId: CustomerId): Promise<void> {
  const written = new RowDigest();
  await target.catalog.copies.writeCustomer(written.adding(source.catalog.copies.readCustomer(customerId)));
  failpoint('customer_copied');
  if ((await digestOf(target, customerId)) === written.digest) return;
  await target.catalog.copies.removeCustomer(customerId);
  throw new Error(`the catalog of customer ${customerId} differs after it was copied`);
}

/** Whether both catalogs have the same of a customer. */
export async function isSameInCatalogs({ source, target }: Catalogs, customerId: CustomerId): Promise<boolean> {
  return (await digestOf(source, customerId)) === (await digestOf(target, customerId));
}

async function digestOf({ catalog }: MoveSide, customerId: CustomerId): Promise<string> {
  const read = new RowDigest();
  for await (const _ of read.adding(catalog.copies.readCustomer(customerId))) {
    // Only its digest matters.
  }
  return read.digest;
}

/** A digest of rows that does not depend on their order, which catalogs may see differently. */
class RowDigest {
  #sum = 0n;

  get digest(): string {
    return this.#sum.toString(16);
  }

  async *adding(pages: AsyncIterable<CopiedRows>): AsyncGenerator<CopiedRows> {
    for await (const page of pages) {
      for (const row of page.rows) this.#sum = BigInt.asUintN(256, this.#sum + hashOf(page.table, row));
      yield page;
    }
  }
}

function hashOf(table: string, row: Readonly<Record<string, unknown>>): bigint {
  const values = Object.entries(row)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    // A catalog reads integers as numbers or as bigints.
    .map(([name, value]) => [name, typeof value === 'number' || typeof value === 'bigint' ? String(value) : value]);
  return BigInt(
    `0x${createHash('sha256')
      .update(JSON.stringify([table, values]))
      .digest('hex')}`,
  );
}
