import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { literal } from './clickhouse-sql.ts';

/** How long statements may take to react to their end. */
const PATIENCE_MS = 60_000;
const POLL_MS = 20;
/** A server that is suspended, or cut off, does not delay the others for longer. */
const LIMIT = { timeoutMs: 20_000 } as const;

/** The start of the IDs of all inserts into a table; of an attempt, if a tag is given. */
function prefixOf(table: string, tag?: number): string {
  return tag === undefined ? `thena:${table}:` : `thena:${table}:${tag}:`;
}

/** The ID of an insert, by which any node finds it while it runs. */
export function insertId(table: string, tag: number): string {
  return `${prefixOf(table, tag)}${randomUUID()}`;
}

/**
 * Ends the inserts of attempts that are running on a shard, and waits until they have ended: an insert whose client is gone may
 * otherwise be stored seconds after its rows were deleted.
 *
 * @param tags of the attempts; null: all inserts into the table
 */
export async function endInserts(shard: ClickhouseShard, table: string, tags: readonly number[] | null): Promise<void> {
  const prefixes = tags === null ? [prefixOf(table)] : tags.map((tag) => prefixOf(table, tag));
  const found = prefixes.map((prefix) => `startsWith(query_id, ${literal(prefix)})`).join(' OR ');
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const [row] = await shard.rows<[string]>(`SELECT count() FROM system.processes WHERE ${found}`, LIMIT);
    if (Number(row?.[0]) === 0) return;
    if (performance.now() > until) {
      throw new StorageFailure('unavailable', `ClickHouse ${shard.name} does not end inserts into ${table}`);
    }
    await shard.run(`KILL QUERY WHERE user = currentUser() AND (${found}) ASYNC`, LIMIT);
    await sleep(POLL_MS);
  }
}
