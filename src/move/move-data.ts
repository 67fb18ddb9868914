import { failpoint } from '../failpoints.ts';
import type { CustomerId } from '../model/ids.ts';
import { SettingError } from '../setting-error.ts';
import { copyCatalogRows, isSameInCatalogs } from './copy-catalog-rows.ts';
import { copyFiles, uploadsWithBytes } from './copy-files.ts';
import { copyTable } from './copy-table.ts';
import type { MoveDeps } from './move-sides.ts';

/**
 * Moves all customers, one after the other: the table, upload by upload; then the bytes of uploads; then what the catalog has of the
 * customer, in one transaction. So a customer whose catalog is there is complete, and a move that was interrupted continues with the
 * first one that is not, or has changed in the source since. Each step is verified by reading the target. The source is only read.
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
  failpoint('move_begun');
  const withBytes = await uploadsWithBytes(source);
  let isContinued = false;
  for await (const customerId of source.catalog.copies.customers()) {
    signal.throwIfAborted();
    if (await target.catalog.copies.hasCustomer(customerId)) {
      isContinued = true;
      if (await isSameInCatalogs(deps, customerId)) {
        await report({ customerId, rows: null, withoutBytes: [] });
        continue;
      }
      // The source was used after the earlier run.
      await forgetCustomer(deps, customerId);
    }
    const rows = await copyTable(deps, customerId);
    const withoutBytes = await copyFiles(deps, customerId, withBytes);
    failpoint('files_copied');
    await copyCatalogRows(deps, customerId);
    await report({ customerId, rows, withoutBytes });
  }
  if (isContinued) await forgetDeleted(deps);
  // What was acknowledged meanwhile would not be there.
  await deps.confirm();
  failpoint('move_ending');
  await target.catalog.copies.endMove();
}

/** Customers that the source has deleted after an earlier run. */
async function forgetDeleted(deps: MoveDeps): Promise<void> {
  const { source, target, signal } = deps;
  for await (const customerId of target.catalog.copies.customers()) {
    signal.throwIfAborted();
    if (!(await source.catalog.copies.hasCustomer(customerId))) await forgetCustomer(deps, customerId);
  }
}

/** Removes a customer from the target. Its table is kept if the source still has it, and its files until the target is in use. */
async function forgetCustomer({ source, target }: MoveDeps, customerId: CustomerId): Promise<void> {
  const [before, now] = [
    await target.catalog.tableForReading(customerId),
    await source.catalog.tableForReading(customerId),
  ];
  await target.catalog.copies.removeCustomer(customerId);
  const tableId = before?.table.tableId;
  if (tableId !== undefined && tableId !== now?.table.tableId) await target.tables.drop({ customerId, tableId });
}
