import assert from 'node:assert/strict';
import type { StoredColumn } from '../../src/model/columns.ts';
import type { TableName } from '../../src/model/ids.ts';
import { physicalParts } from '../../src/model/physical-columns.ts';
import { formatDate, formatTimestamp } from '../../src/model/timestamps.ts';
import { type ClickhouseReadDeps, clickhouseReads } from '../../src/table-store/clickhouse/clickhouse-reads.ts';
import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { identifier } from '../../src/table-store/clickhouse/clickhouse-sql.ts';
import { createTableSql, FEW_TEXTS, storedTypes } from '../../src/table-store/clickhouse/physical-table.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { StoredValue, TableStore } from '../../src/table-store/table-store.ts';
import { parsedFile } from '../builders.ts';
import { CLUSTER, type ClickhouseServers as Running, startClickhouse } from '../cluster/clickhouse-server.ts';
import type { EngineInFolder } from '../engine/engine-in-folder.ts';

export type StoredRow = readonly StoredValue[];
export type Reads = Pick<TableStore, 'query' | 'rows' | 'export' | 'keepsIntegersAsNumbers' | 'encode'>;

/** A store whose tables a test fills with values as they are. */
export interface StoredTables {
  readonly name: string;
  readonly reads: Reads;
  create(table: TableName, columns: readonly StoredColumn[]): Promise<void>;
  /** Adds rows as an upload. A row has a value for each stored column. */
  add(table: TableName, columns: readonly StoredColumn[], tag: number, rows: readonly StoredRow[]): Promise<void>;
  close(): Promise<void>;
}

/** Tables in DuckDB files, filled by uploads of CSV. Of widened columns, one part at most has values in an upload. */
export function duckdbTables(place: EngineInFolder): StoredTables {
  const reads = duckdbTableStore(place.engine, place.storeSettings);
  const begin = (table: TableName, columns: readonly StoredColumn[], tag: number, rows: readonly StoredRow[]) => {
    const parts = columns.flatMap((column, index) => physicalParts(column, index).map((part) => ({ column, part })));
    const used = columns.map(({ name, type }) => {
      const of = parts.flatMap((each, at) => (each.column.name === name ? [{ at, type: each.part.type }] : []));
      const found = of.find(({ at }) => rows.some((row) => row[at] !== null)) ?? of.at(-1);
      return { name, type: found?.type ?? type, at: found?.at ?? 0 };
    });
    const load = { ...table, columns, file: parsedFile(used), timeColumn: null };
    return { used, session: reads.begin({ ...load, tag, create: tag === 0 }) };
  };
  return {
    name: 'DuckDB',
    reads,
    async create(table, columns) {
      const session = await begin(table, columns, 0, []).session;
      await session.commit();
    },
    async add(table, columns, tag, rows) {
      const { used, session } = begin(table, columns, tag, rows);
      const text = rows
        .map((row) => `${used.map(({ at, type }) => field(row[at] ?? null, type)).join(',')}\n`)
        .join('');
      const loading = await session;
      const names = used.map(({ name }) => name);
      if (rows.length > 0) await loading.append(place.source(names, text));
      await loading.commit();
    },
    close: async () => undefined,
  };
}

/** Tables on a ClickHouse server, or on several shards, whose rows are dealt out to them in turn. @param profile of the user */
export async function clickhouseTables(
  shards: number,
  deps: Omit<ClickhouseReadDeps, 'servers' | 'queryMemoryBytes'> & { readonly queryMemoryBytes?: number },
  profile: Readonly<Record<string, string | number>> = {},
): Promise<StoredTables & { readonly running: Running; readonly servers: ClickhouseServers }> {
  const running = await startClickhouse({ shards, profile });
  const servers = new ClickhouseServers({ urls: running.urls, cluster: shards > 1 ? CLUSTER : null });
  const nameOf = ({ customerId, tableId }: TableName): string => `${customerId}_${tableId}`;
  const insert = async (url: string, sql: string, lines: readonly string[]): Promise<void> => {
    const settings = 'async_insert=0&input_format_import_nested_json=0';
    const response = await fetch(`${url}/?${settings}&query=${encodeURIComponent(sql)}`, {
      method: 'POST',
      body: lines.join('\n'),
    });
    assert.equal(response.status, 200, await response.text());
  };
  return {
    name: shards === 1 ? 'ClickHouse' : `ClickHouse of ${shards} shards`,
    running,
    servers,
    reads: clickhouseReads({ ...deps, servers, queryMemoryBytes: deps.queryMemoryBytes ?? null }),
    async create(table, columns) {
      // Every other text column is stored by the other of the two types.
      const texts = columns.flatMap(physicalParts).filter(({ type }) => type === 'text');
      const types = storedTypes(columns, new Set(texts.filter((_, index) => index % 2 === 1).map(({ name }) => name)));
      assert.ok(texts.length < 2 || [...types.values()].includes(FEW_TEXTS));
      const making = { engine: 'MergeTree', onCluster: null };
      await servers.onEach((shard) => shard.run(createTableSql(nameOf(table), types, null, making)));
    },
    async add(table, columns, tag, rows) {
      const names = columns.flatMap(physicalParts).map(({ name }) => name);
      const types = columns.flatMap(physicalParts).map(({ type }) => type);
      const sql = `INSERT INTO ${identifier(nameOf(table))} (${names.join(', ')}, _thena_upload, _thena_row) FORMAT JSONCompactEachRow`;
      const lines = rows.map((row, index) =>
        JSON.stringify([...types.map((type, at) => jsonOf(row[at] ?? null, type)), tag, index]),
      );
      await Promise.all(
        running.urls.map((url, shard) =>
          insert(
            url,
            sql,
            lines.filter((_, index) => index % shards === shard),
          ),
        ),
      );
    },
    async close() {
      await servers.close();
      await running.remove();
    },
  };
}

const DAY_MICROS = 86_400_000_000n;

function jsonOf(value: StoredValue, type: string): unknown {
  if (value === null) return null;
  if (type === 'date') return Number((value as bigint) / DAY_MICROS);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value))
    return String(value).replace('Infinity', 'inf').toLowerCase();
  return Object.is(value, -0) ? '-0' : value;
}

function field(value: StoredValue, type: string): string {
  if (value === null) return '';
  if (type === 'date') return formatDate(value as bigint);
  if (type === 'timestamp') return formatTimestamp(value as bigint);
  if (Object.is(value, -0)) return '-0.0';
  return typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value);
}
