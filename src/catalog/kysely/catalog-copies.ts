import { type ExpressionBuilder, type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { CustomerId, TableName } from '../../model/ids.ts';
import type { CatalogCopies, CopiedRows } from '../catalog-copies.ts';
import type { CatalogTables } from './catalog-tables.ts';

interface CopiedTable {
  readonly name: keyof CatalogTables;
  /** What orders its rows. */
  readonly keys: readonly string[];
  /** The column with the ID of the customer, or of `through`. */
  readonly owner: string;
  readonly through?: keyof CatalogTables;
}

/** The tables that have rows of customers, after those that they refer to. */
export const COPIED: readonly CopiedTable[] = [
  { name: 'customers', keys: ['id'], owner: 'id' },
  { name: 'api_keys', keys: ['id'], owner: 'customer_id' },
  { name: 'uploads', keys: ['id'], owner: 'customer_id' },
  { name: 'webhooks', keys: ['id'], owner: 'customer_id' },
  { name: 'webhook_events', keys: ['id'], owner: 'customer_id' },
  { name: 'resumable_files', keys: ['id'], owner: 'customer_id' },
  { name: 'resumable_chunks', keys: ['file_id', 'start'], owner: 'file_id', through: 'resumable_files' },
  { name: 'webhook_deliveries', keys: ['webhook_id', 'event_id'], owner: 'customer_id' },
];

/** Of resumable files, which a customer may have before it exists. */
const OF_FILES: ReadonlySet<string> = new Set(['resumable_files', 'resumable_chunks']);

type Row = Readonly<Record<string, unknown>>;

const PAGE = 200;

export function catalogCopiesIn(db: Kysely<CatalogTables>): CatalogCopies {
  return {
    async *customers() {
      for (let after = ''; ; ) {
        const page: readonly { id: CustomerId }[] = await db
          .selectFrom('customers')
          .select('id')
          .where('id', '>', after as CustomerId)
          .where(outlivesRestart)
          .union((eb) =>
            eb
              .selectFrom('resumable_files')
              .select('customer_id as id')
              .where('customer_id', '>', after as CustomerId),
          )
          .orderBy('id')
          .limit(PAGE)
          .execute();
        for (const { id } of page) yield id;
        const last = page.at(-1);
        if (!last) return;
        after = last.id;
      }
    },
    async hasCustomer(customerId) {
      const file = db.selectFrom('resumable_files').select('id').where('customer_id', '=', customerId).limit(1);
      return (await isThere(db, customerId)) || (await file.executeTakeFirst()) !== undefined;
    },
    async *readCustomer(customerId) {
      const tables = (await isThere(db, customerId)) ? COPIED : COPIED.filter(({ name }) => OF_FILES.has(name));
      for (const table of tables) yield* pagesOf(db, table, customerId);
    },
    writeCustomer: (pages) =>
      db.transaction().execute(async (transaction) => {
        for await (const { table, rows } of pages) {
          await transaction
            .insertInto(table as 'uploads')
            .values(rows as never)
            .execute();
        }
      }),
    removeCustomer: (customerId) =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('resumable_files').where('customer_id', '=', customerId).execute();
        // Everything else of it, too: the foreign keys cascade.
        await transaction.deleteFrom('customers').where('id', '=', customerId).execute();
      }),
    async move() {
      return (await db.selectFrom('moves').select('source').executeTakeFirst()) ?? null;
    },
    beginMove: (source) =>
      db.transaction().execute(async (transaction) => {
        const begun = await transaction.selectFrom('moves').select('source').executeTakeFirst();
        if (begun) return begun;
        for (const table of ['customers', 'resumable_files'] as const) {
          if (await transaction.selectFrom(table).select('id').limit(1).executeTakeFirst()) return 'not_empty';
        }
        await transaction.insertInto('moves').values({ source }).execute();
        return { source };
      }),
    async addMoveTable({ customerId, tableId }) {
      await db
        .insertInto('move_tables')
        .values({ customer_id: customerId, table_id: tableId })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async *moveTables() {
      for (let last: TableName | null = null; ; ) {
        let next = db.selectFrom('move_tables').select(['customer_id as customerId', 'table_id as tableId']);
        if (last !== null)
          next = next.where(sql<boolean>`(customer_id, table_id) > (${last.customerId}, ${last.tableId})`);
        const page: readonly TableName[] = await next.orderBy('customer_id').orderBy('table_id').limit(PAGE).execute();
        yield* page;
        last = page.at(-1) ?? null;
        if (last === null) return;
      }
    },
    async removeMoveTable({ customerId, tableId }) {
      await db
        .deleteFrom('move_tables')
        .where('customer_id', '=', customerId)
        .where('table_id', '=', tableId)
        .execute();
    },
    endMove: () =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('move_tables').execute();
        await transaction.deleteFrom('moves').execute();
      }),
  };
}

/** Not those that appeared only for an upload that was not acknowledged: it does not outlive a restart. */
function outlivesRestart(eb: ExpressionBuilder<CatalogTables, 'customers'>) {
  const acknowledged = eb
    .selectFrom('uploads')
    .select('id')
    .whereRef('customer_id', '=', 'customers.id')
    .where('status', '<>', 'receiving');
  const has = (table: 'api_keys' | 'webhooks') =>
    eb.exists(eb.selectFrom(table).select('id').whereRef('customer_id', '=', 'customers.id'));
  return eb.or([
    eb('appeared', '=', 0),
    eb('in_deletion', '=', 1),
    eb('table_columns', 'is not', null),
    eb.exists(acknowledged),
    has('api_keys'),
    has('webhooks'),
  ]);
}

async function isThere(db: Kysely<CatalogTables>, customerId: CustomerId): Promise<boolean> {
  const customer = db.selectFrom('customers').select('id').where('id', '=', customerId).where(outlivesRestart);
  return (await customer.executeTakeFirst()) !== undefined;
}

/** A query whose tables and columns are named above. */
type AnyQuery = SelectQueryBuilder<Record<string, Row>, string, Row>;

async function* pagesOf(
  db: Kysely<CatalogTables>,
  { name, keys, owner, through }: CopiedTable,
  customerId: CustomerId,
): AsyncGenerator<CopiedRows> {
  const all = db.selectFrom(name as 'uploads').selectAll() as unknown as AnyQuery;
  const owned =
    through === undefined
      ? all.where(owner, '=', customerId)
      : all.where(
          sql<boolean>`${sql.ref(owner)} in (select id from ${sql.table(through)} where customer_id = ${customerId})`,
        );
  for (let last: Row | null = null; ; ) {
    let page = owned;
    if (last !== null) {
      const values: readonly unknown[] = keys.map((key) => last?.[key]);
      page = page.where(sql<boolean>`(${sql.join(keys.map((key) => sql.ref(key)))}) > (${sql.join(values)})`);
    }
    for (const key of keys) page = page.orderBy(key);
    const rows = (await page.limit(PAGE).execute()) as unknown as readonly Row[];
    const kept = rows.map((row) => restarted(name, row)).filter((row) => row !== null);
    if (kept.length > 0) yield { table: name, rows: kept };
    if (rows.length < PAGE) return;
    last = rows.at(-1) ?? null;
  }
}

/** A row as it is when the processes that used it have ended; null if it is removed then. */
function restarted(table: keyof CatalogTables, row: Row): Row | null {
  if (table === 'uploads' && row.status === 'receiving') return null;
  const unleased = 'lease_owner' in row ? { ...row, lease_owner: null, lease_until: null } : row;
  return table === 'uploads' && row.status === 'ingesting' ? { ...unleased, status: 'received', tag: null } : unleased;
}
