import { SettingError } from '../setting-error.ts';
import { copyCatalogRows } from './copy-catalog-rows.ts';
import { copyFiles, uploadsWithBytes } from './copy-files.ts';
import { copyTable } from './copy-table.ts';
import type { MoveDeps } from './move-sides.ts';

/**
 * Moves all customers, one after the other: the table, upload by upload; then the bytes of uploads; then what the catalog has of the
 * customer, in one transaction. So a customer whose catalog is there is complete, and a move that was interrupted continues with the
 * first one that is not. Each step is verified by reading the target. The source is only read.
 *
 * @throws SettingError if the target has data of its own, or a move from elsewhere in progress
 */
export async function moveData(deps: MoveDeps): Promise<void> {
  const { source, target, report, signal } = deps;
  const begun = await target.catalog.copies.beginMove(source.name);
  if (begun === 'not_empty') {
    throw new SettingError(`The target ${target.name} has customers already. A move needs an empty target.`);
  }
  if (begun.source !== source.name) {
    throw new SettingError(
      `A move from ${begun.source} into the target ${target.name} has not ended. Continue that one, or empty the target.`,
    );
  }
  const withBytes = await uploadsWithBytes(source);
  for await (const customerId of source.catalog.copies.customers()) {
    signal.throwIfAborted();
    if (await target.catalog.copies.hasCustomer(customerId)) {
      await report({ customerId, rows: null });
      continue;
    }
    const rows = await copyTable(deps, customerId);
    await copyFiles(deps, customerId, withBytes);
    await copyCatalogRows(deps, customerId);
    await report({ customerId, rows });
  }
  await target.catalog.copies.endMove();
}
