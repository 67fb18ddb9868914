import type { Kysely, Transaction, Updateable } from 'kysely';
import { type ColumnUse, unused, used, usesToKeep, widenedColumns, withoutReason } from '../../model/column-uses.ts';
import { isTimeColumn } from '../../model/columns.ts';
import type { TableColumn } from '../../model/parsed-columns.ts';
import type { Micros } from '../table-state.ts';
import type { Receipt, Upload } from '../upload.ts';
import type { CommitUpload, UploadQueue } from '../upload-queue.ts';
import type { CatalogClock } from './catalog-clock.ts';
import { type CatalogTables, type CustomerRow, micros } from './catalog-tables.ts';
import { columnsOf } from './customer-rows.ts';
import { isLeasedTo, lockCustomerOf, UNLEASED } from './lease-fencing.ts';
import { timeOfChange } from './time-of-change.ts';
import { uploadOf } from './upload-rows.ts';
import { announce } from './webhook-outbox.ts';

export function commitUploadIn(db: Kysely<CatalogTables>, now: CatalogClock): Pick<UploadQueue, 'commitUpload'> {
  return {
    commitUpload: (commit) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, commit.uploadId);
        if (!customer) return 'lost';
        const columns = columnsAfter(customer.table_columns, commit);
        const receipt: Receipt = {
          ...commit.receipt,
          widened: customer.table_columns === null ? [] : widenedColumns(columnsOf(customer.table_columns), columns),
          tableRowsBefore: customer.row_count,
          tableRowsAfter: customer.row_count + (commit.dryRun ? 0 : commit.rows),
        };
        const at = await now(trx);
        if (commit.dryRun) return endDryRun(trx, commit, receipt, at);
        const upload = await trx
          .updateTable('uploads')
          .set({
            status: 'complete',
            receipt: JSON.stringify(receipt),
            finished_at: at,
            // The tag is kept: it identifies the rows of the upload.
            lease_owner: null,
            lease_until: null,
            row_count: commit.rows,
            column_uses: usesJson(columns, commit.uses),
            first_row_at: commit.firstRowAt,
            earliest_at: commit.earliestAt,
            latest_at: commit.latestAt,
          })
          .where(isLeasedTo(commit))
          .where('file', 'is not', null)
          .returningAll()
          .executeTakeFirst();
        if (!upload) return 'lost';
        // The tag was uncommitted until now.
        const { table_id } = await trx
          .deleteFrom('attempts')
          .where('customer_id', '=', customer.id)
          .where('tag', '=', commit.tag)
          .returning('table_id')
          .executeTakeFirstOrThrow();
        // One attempt at a time has uploads of the customer. Otherwise the rows of the earlier one would be lost with its table.
        if (customer.table_id !== null && customer.table_id !== table_id)
          throw new Error('the customer has another table');
        await trx
          .updateTable('customers')
          .set({ ...grown(customer, commit, columns), table_id, changed_at: timeOfChange(customer, at) })
          .where('id', '=', customer.id)
          .execute();
        await announce(trx, 'upload.complete', upload, at);
        return uploadOf(upload);
      }),
  };
}

/** Completes an upload whose rows stay uncommitted. */
async function endDryRun(
  trx: Transaction<CatalogTables>,
  commit: CommitUpload,
  receipt: Receipt,
  at: number,
): Promise<Upload | 'lost'> {
  const upload = await trx
    .updateTable('uploads')
    .set({ ...UNLEASED, status: 'complete', receipt: JSON.stringify(receipt), finished_at: at })
    .where(isLeasedTo(commit))
    .where('file', 'is not', null)
    .returningAll()
    .executeTakeFirst();
  if (!upload) return 'lost';
  await trx
    .updateTable('attempts')
    .set({ owner: null })
    .where('customer_id', '=', upload.customer_id)
    .where('tag', '=', commit.tag)
    .execute();
  return uploadOf(upload);
}

/** The state of the table after the commit. */
function grown(
  table: CustomerRow,
  commit: CommitUpload,
  columns: readonly TableColumn[],
): Updateable<CatalogTables['customers']> {
  const timeColumn = table.time_column ?? commit.timeColumn;
  return {
    table_columns: JSON.stringify(columns),
    time_column: isTimeColumn(columns, timeColumn) ? timeColumn : null,
    row_count: table.row_count + commit.rows,
    version: table.version + 1,
    first_row_at: micros(table.first_row_at) ?? commit.firstRowAt,
    earliest_at: outermost(micros(table.earliest_at), commit.earliestAt, (a, b) => a < b),
    latest_at: outermost(micros(table.latest_at), commit.latestAt, (a, b) => a > b),
  };
}

/**
 * The table's columns once the upload is part of it, with what it has settled about them.
 *
 * @param known JSON; null: there is no table yet, or every other upload was undone
 */
function columnsAfter(known: string | null, { columns, uses }: CommitUpload): readonly TableColumn[] {
  const before = known === null ? unused(columns) : columnsOf(known);
  const planned = new Map(columns.map((column) => [column.name, column]));
  const settled = before.map((column) => {
    const { settled: now = column.settled, nearly } = planned.get(column.name) ?? {};
    return { ...column, settled: now, ...(nearly && column.type !== 'text' ? { nearly } : {}) };
  });
  return used(settled, uses).map(withoutReason);
}

function usesJson(columns: readonly TableColumn[], uses: readonly ColumnUse[]): string | null {
  const kept = usesToKeep(columns, uses);
  return kept.length === 0 ? null : JSON.stringify(kept);
}

function outermost(a: Micros | null, b: Micros | null, isFurther: (a: Micros, b: Micros) => boolean): Micros | null {
  if (a === null || b === null) return a ?? b;
  return isFurther(a, b) ? a : b;
}
