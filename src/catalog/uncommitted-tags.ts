import type { Kysely } from 'kysely';
import type { Catalog } from './catalog.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { tableOf } from './customer-rows.ts';
import { release } from './lease-fencing.ts';

type UncommittedTags = Pick<Catalog, 'uncommittedTags' | 'tableForReading' | 'deadTags' | 'forgetTags'>;

export function uncommittedTagsIn(db: Kysely<CatalogTables>, now: () => number): UncommittedTags {
  return {
    async uncommittedTags(customerId) {
      const rows = await db
        .selectFrom('attempts')
        .select('tag')
        .where('customer_id', '=', customerId)
        .orderBy('tag')
        .execute();
      return rows.map(({ tag }) => tag);
    },
    async tableForReading(customerId) {
      // One statement, so that no commit falls between the state and the tags.
      const rows = await db
        .selectFrom('customers')
        .leftJoin('attempts', 'attempts.customer_id', 'customers.id')
        .selectAll('customers')
        .select('attempts.tag as uncommitted_tag')
        .where('customers.id', '=', customerId)
        .orderBy('attempts.tag')
        .execute();
      const [customer] = rows;
      const table = customer ? tableOf(customer) : null;
      if (!customer || !table) return null;
      const uncommittedTags = rows.map((row) => row.uncommitted_tag).filter((tag) => tag !== null);
      return {
        table,
        uncommittedTags,
        lastTag: customer.last_tag,
        generation: customer.generation,
        createdAt: new Date(customer.created_at),
      };
    },
    async deadTags() {
      // An attempt whose lease ran out could still commit, and its rows may be purged now.
      await release(db, (eb) => eb('lease_until', '<=', now()));
      const rows = await db
        .selectFrom('attempts')
        .leftJoin('uploads', (join) =>
          join.onRef('uploads.id', '=', 'attempts.upload_id').onRef('uploads.tag', '=', 'attempts.tag'),
        )
        .select(['attempts.customer_id', 'attempts.upload_id', 'attempts.tag'])
        .where('uploads.id', 'is', null)
        .orderBy('attempts.customer_id')
        .orderBy('attempts.tag')
        .execute();
      return rows.map((row) => ({ customerId: row.customer_id, uploadId: row.upload_id, tag: row.tag }));
    },
    async forgetTags(customerId, tags) {
      if (tags.length === 0) return;
      await db.deleteFrom('attempts').where('customer_id', '=', customerId).where('tag', 'in', tags).execute();
    },
  };
}
