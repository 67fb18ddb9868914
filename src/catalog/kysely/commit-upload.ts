import type { Kysely, Transaction, Updateable } from 'kysely';
import type { TableColumn } from '../../model/parsed-columns.ts';
import type { Micros } from '../table-state.ts';
import type { Receipt, Upload } from '../upload.ts';
import type { CommitUpload, UploadQueue } from '../upload-queue.ts';
import { type CatalogTables, type CustomerRow, micros } from './catalog-tables.ts';
import { isLeasedTo, lockCustomerOf, UNLEASED } from './lease-fencing.ts';
import { uploadOf } from './upload-rows.ts';
import { announce } from './webhook-outbox.ts';

export function commitUploadIn(db: Kysely<CatalogTables>, now: () => number): Pick<UploadQueue, 'commitUpload'> {
  return {
    commitUpload: (commit) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, commit.uploadId);
        if (!customer) return 'lost';
        const receipt: Receipt = {
          ...commit.receipt,
          tableRowsBefore: customer.row_count,
          tableRowsAfter: customer.row_count + (commit.dryRun ? 0 : commit.rows),
        };
        const at = now();
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
            first_row_at: commit.firstRowAt,
            earliest_at: commit.earliestAt,
            latest_at: commit.latestAt,
          })
          .where(isLeasedTo(commit))
          .where('file', 'is not', null)
          .returningAll()
          .executeTakeFirst();
        if (!upload) return 'lost';
        await trx
          .updateTable('customers')
          .set({ ...grown(customer, commit), changed_at: at })
          .where('id', '=', customer.id)
          .execute();
        await trx.deleteFrom('attempts').where('customer_id', '=', customer.id).where('tag', '=', commit.tag).execute();
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
  return upload ? uploadOf(upload) : 'lost';
}

/** The state of the table after the commit. */
function grown(table: CustomerRow, commit: CommitUpload): Updateable<CatalogTables['customers']> {
  const isFirst = table.table_columns === null;
  return {
    table_columns: JSON.stringify(settledColumns(table.table_columns, commit.columns)),
    time_column: isFirst ? commit.timeColumn : table.time_column,
    row_count: table.row_count + commit.rows,
    version: table.version + 1,
    first_row_at: micros(table.first_row_at) ?? commit.firstRowAt,
    earliest_at: outermost(micros(table.earliest_at), commit.earliestAt, (a, b) => a < b),
    latest_at: outermost(micros(table.latest_at), commit.latestAt, (a, b) => a > b),
  };
}

/** The table's columns, with what the commit has settled about them. @param known JSON; null: there is no table yet */
function settledColumns(known: string | null, columns: readonly TableColumn[]): readonly TableColumn[] {
  if (known === null) return columns;
  return (JSON.parse(known) as readonly TableColumn[]).map((column) => ({
    ...column,
    settled: columns.find(({ name }) => name === column.name)?.settled ?? column.settled,
  }));
}

function outermost(a: Micros | null, b: Micros | null, isFurther: (a: Micros, b: Micros) => boolean): Micros | null {
  if (a === null || b === null) return a ?? b;
  return isFurther(a, b) ? a : b;
}
