import { failpoint } from '../failpoints.ts';
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
    throw new SettingError(
      `The target ${target.name} has customers already. A move needs an empty target: see "Move into a cluster, and out of it" in docs/cluster.md.`,
    );
  }
  if (begun.source !== source.name) {
    throw new SettingError(
      `A move from ${begun.source} into the target ${target.name} has not ended. Continue that one, or give it up: see "Move into a cluster, and out of it" in docs/cluster.md.`,
    );
  }
  failpoint('move_begun');
  await dropReplacedTables(deps);
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
      await target.catalog.copies.removeCustomer(customerId);
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

/**
 * Drops the tables that an earlier run has made, and that the source does not have any more: their customers were deleted, or deleted and
 * created again. What else is in the target may belong to something else. The files of such customers are kept until the target is in use.
 */
async function dropReplacedTables({ source, target, signal }: MoveDeps): Promise<void> {
  for await (const table of target.catalog.copies.moveTables()) {
    signal.throwIfAborted();
    const now = await source.catalog.tableForReading(table.customerId);
    if (now?.table.tableId === table.tableId) continue;
    await target.tables.drop(table);
    await target.catalog.copies.removeMoveTable(table);
  }
}

/** Removes customers from the catalog of the target that the source has deleted after an earlier run. */
async function forgetDeleted({ source, target, signal }: MoveDeps): Promise<void> {
  for await (const customerId of target.catalog.copies.customers()) {
    signal.throwIfAborted();
    if (!(await source.catalog.copies.hasCustomer(customerId))) await target.catalog.copies.removeCustomer(customerId);
  }
}
