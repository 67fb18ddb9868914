import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { CustomerId } from '../../model/ids.ts';
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
      const customer = db.selectFrom('customers').select('id').where('id', '=', customerId);
      const file = db.selectFrom('resumable_files').select('id').where('customer_id', '=', customerId).limit(1);
      return (await customer.executeTakeFirst()) !== undefined || (await file.executeTakeFirst()) !== undefined;
    },
    async *readCustomer(customerId) {
      for (const table of COPIED) yield* pagesOf(db, table, customerId);
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
    async move() {
      return (await db.selectFrom('moves').select('source').executeTakeFirst()) ?? null;
    },
    beginMove: (source) =>
      db.transaction().execute(async (transaction) => {
        const begun = await transaction.selectFrom('moves').select('source').executeTakeFirst();
        if (begun) return begun;
        if (await transaction.selectFrom('customers').select('id').limit(1).executeTakeFirst()) return 'not_empty';
        await transaction.insertInto('moves').values({ source }).execute();
        return { source };
      }),
    async endMove() {
      await db.deleteFrom('moves').execute();
    },
  };
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
