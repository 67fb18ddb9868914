import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { StoredFile } from '../../crash/settled.ts';
import type { ClusterEnvironment } from '../create-cluster.ts';

/** Looks into the servers of a cluster, without the code of Thena. */
export class ClusterContents {
  readonly #databaseUrl: string;
  readonly #spoolUrl: string;
  readonly #shards: readonly string[];

  constructor(environment: ClusterEnvironment) {
    this.#databaseUrl = environment.THENA_DATABASE_URL ?? '';
    this.#spoolUrl = environment.THENA_SPOOL_URL ?? '';
    this.#shards = environment.THENA_CLICKHOUSE_URL?.split(',') ?? [];
  }

  async catalog(sql: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new pg.Client(this.#databaseUrl);
    await client.connect();
    try {
      return (await client.query(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Runs a query on each shard. @returns the rows of all of them */
  async rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    const answers = await Promise.all(
      this.#shards.map(async (shard) => {
        const { origin, pathname } = new URL(shard);
        const response = await fetch(`${origin}/?database=${pathname.slice(1)}`, {
          method: 'POST',
          body: `${sql} FORMAT JSONCompact`,
        });
        const text = await response.text();
        assert.equal(response.status, 200, text);
        return JSON.parse(text).data as readonly (readonly unknown[])[];
      }),
    );
    return answers.flat();
  }

  /** The visible rows of a table by file number. The columns are those of `csvOf`. */
  async storedFiles(customer: string): Promise<ReadonlyMap<number, StoredFile>> {
    const [found] = await this.catalog('select table_id from customers where id = $1', [customer]);
    if (!found?.table_id) return new Map();
    const attempts = await this.catalog('select tag from attempts where customer_id = $1', [customer]);
    const hidden = attempts.map(({ tag }) => String(tag));
    const visible = hidden.length === 0 ? '1' : `_thena_upload NOT IN (${hidden.join(', ')})`;
    const rows = await this.rows(
      `SELECT c1, count(), groupArray(c2), groupUniqArray(_thena_upload) FROM \`${customer}_${found.table_id}\` WHERE ${visible} GROUP BY c1`,
    );
    const files = new Map<number, { rows: number; seen: Set<number>; highestRow: number; tags: Set<number> }>();
    for (const [file, count, places, tags] of rows) {
      const all = files.get(Number(file)) ?? { rows: 0, seen: new Set(), highestRow: -1, tags: new Set() };
      all.rows += Number(count);
      for (const place of places as readonly unknown[]) {
        all.seen.add(Number(place));
        all.highestRow = Math.max(all.highestRow, Number(place));
      }
      for (const tag of tags as readonly unknown[]) all.tags.add(Number(tag));
      files.set(Number(file), all);
    }
    return new Map(
      [...files].map(([file, { rows, seen, highestRow, tags }]) => [
        file,
        { rows, differentRows: seen.size, highestRow, tags: tags.size },
      ]),
    );
  }

  /** The uploads that have segments in the spool, unless it is a bucket. */
  spooled(): readonly string[] {
    if (!this.#spoolUrl.startsWith('file:')) return [];
    return readdirSync(join(fileURLToPath(this.#spoolUrl), 'spool')).map((name) => name.split('.')[0] ?? '');
  }

  /** Tables on the shards that belong to no customer and to no attempt, by name. */
  async strayTables(): Promise<readonly string[]> {
    const known = await this.catalog(
      'select id, table_id from customers union select customer_id, table_id from attempts',
    );
    const names = new Set(known.map(({ id, table_id }) => `${id}_${table_id}`));
    const tables = await this.rows(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND name NOT LIKE '\\_thena%'",
    );
    return tables.map(([name]) => String(name)).filter((name) => !names.has(name));
  }
}
