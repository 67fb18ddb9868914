import { sql } from 'kysely';
import type { CustomerId } from '../../model/ids.ts';
import type { ParallelWrites } from '../kysely/parallel-writes.ts';

/** Any number that no other program uses for an advisory lock in the same database: the bytes of "thena". */
const QUEUE_LOCK = 0x7468656e61;
/** The same for pairs of numbers, which are locks of their own: the bytes of "file". */
const FILES_LOCK = 0x66696c65;

export const postgresWrites: ParallelWrites = {
  async lockFirst(trx, customers) {
    const { rows } = await sql<{ readonly id: CustomerId }>`
      select id from customers where id = any (${customers}::text[])
      order by array_position(${customers}::text[], id::text) limit 1
      for no key update skip locked`.execute(trx);
    return rows[0]?.id ?? null;
  },
  async lockQueue(trx) {
    await sql`select pg_advisory_xact_lock(${QUEUE_LOCK})`.execute(trx);
  },
  async lockFilesOf(trx, customer) {
    // Two customers with the same hash only wait for each other.
    await sql`select pg_advisory_xact_lock(${FILES_LOCK}::int, hashtext(${customer}))`.execute(trx);
  },
};
