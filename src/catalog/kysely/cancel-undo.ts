import type { Kysely, Transaction, Updateable } from 'kysely';
import { usedBy } from '../../model/column-uses.ts';
import { isTimeColumn } from '../../model/columns.ts';
import { UNFINISHED, type Uploads } from '../upload.ts';
import type { CatalogClock } from './catalog-clock.ts';
import { type CatalogTables, type CustomerRow, micros, type UploadRow } from './catalog-tables.ts';
import { columnsOf } from './customer-rows.ts';
import { lockCustomerOf, UNLEASED } from './lease-fencing.ts';
import { timeOfChange } from './time-of-change.ts';
import { uploadOf } from './upload-rows.ts';
import { announce } from './webhook-outbox.ts';

export function cancelUndoIn(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
): Pick<Uploads, 'requestCancel' | 'cancelUpload' | 'undoUpload'> {
  return {
    requestCancel: (id) =>
      db.transaction().execute(async (trx) => {
        // Under the customer's lock, so that no claim comes in between.
        await lockCustomerOf(trx, id);
        const upload = trx.updateTable('uploads').where('id', '=', id);
        const at = await now(trx);
        const cancelled = await upload
          .set({ ...UNLEASED, status: 'cancelled', finished_at: at })
          .where('status', '=', 'received')
          .where('lease_owner', 'is', null)
          .executeTakeFirstOrThrow();
        if (cancelled.numUpdatedRows > 0n) return 'cancelled';
        const requested = await upload
          .set((eb) => ({ cancel_requested_at: eb.fn.coalesce('cancel_requested_at', eb.val(at)) }))
          .where('status', 'in', UNFINISHED)
          .executeTakeFirstOrThrow();
        return requested.numUpdatedRows > 0n ? 'requested' : 'ended';
      }),
    async cancelUpload(id) {
      const { numUpdatedRows } = await db
        .updateTable('uploads')
        .set({ ...UNLEASED, status: 'cancelled', finished_at: await now(db) })
        .where('id', '=', id)
        .where('status', 'in', ['receiving', 'received'])
        .where('lease_owner', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    undoUpload: (id) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, id);
        const at = await now(trx);
        const upload = await trx
          .updateTable('uploads')
          .set({ status: 'undone', finished_at: at })
          .where('id', '=', id)
          .where('status', '=', 'complete')
          .where('tag', 'is not', null)
          .returningAll()
          .executeTakeFirst();
        if (!customer?.table_id || !upload || upload.tag === null) return null;
        // From now on every query excludes its rows. The upload loses its tag, so that the tag counts as dead.
        const attempt = { customer_id: customer.id, tag: upload.tag, upload_id: id, table_id: customer.table_id };
        await trx.insertInto('attempts').values(attempt).execute();
        await trx.updateTable('uploads').set({ tag: null }).where('id', '=', id).execute();
        const state = await remainingState(trx, customer, upload);
        await trx
          .updateTable('customers')
          .set({
            ...state,
            version: customer.version + 1,
            generation: customer.generation + 1,
            changed_at: timeOfChange(customer, at),
          })
          .where('id', '=', customer.id)
          .execute();
        await announce(trx, 'upload.undone', upload, at);
        return uploadOf(upload);
      }),
  };
}

/** The state of the table as it results from the remaining uploads. */
async function remainingState(
  trx: Transaction<CatalogTables>,
  customer: CustomerRow,
  undone: UploadRow,
): Promise<Updateable<CatalogTables['customers']>> {
  // A dry run has no tag and is not counted.
  const remaining = trx
    .selectFrom('uploads')
    .where('customer_id', '=', customer.id)
    .where('status', '=', 'complete')
    .where('tag', 'is not', null);
  const { uploads, rows, earliest, latest } = await remaining
    .select(({ fn }) => [
      fn.countAll<number>().as('uploads'),
      fn.sum<number | null>('row_count').as('rows'),
      fn.min('earliest_at').as('earliest'),
      fn.max('latest_at').as('latest'),
    ])
    .executeTakeFirstOrThrow();
  // Tags are in the order of commits, because the uploads of a customer are loaded one after another.
  const first = await remaining
    .select('first_row_at')
    .where('first_row_at', 'is not', null)
    .orderBy('tag')
    .limit(1)
    .executeTakeFirst();
  const times = {
    row_count: Number(rows ?? 0),
    first_row_at: micros(first?.first_row_at ?? null),
    earliest_at: micros(earliest),
    latest_at: micros(latest),
  };
  if (Number(uploads) === 0) return { ...times, table_id: null, table_columns: null, time_column: null };
  // Only an upload that widened a column, or had values in one that was widened, can change a type.
  if (customer.table_columns === null || undone.column_uses === null) return times;
  // In the order of the commits, in which types were added to the columns.
  const uses = await remaining.select('column_uses').where('column_uses', 'is not', null).orderBy('tag').execute();
  const columns = usedBy(
    columnsOf(customer.table_columns),
    uses.map(({ column_uses }) => JSON.parse(column_uses ?? '[]')),
  );
  return {
    ...times,
    table_columns: JSON.stringify(columns),
    time_column: isTimeColumn(columns, customer.time_column) ? customer.time_column : null,
  };
}
