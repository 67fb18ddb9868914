import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { EngineClient } from '../../engine/engine-client.ts';
import type { TableName } from '../../model/ids.ts';
import type { ExportFolder } from '../sent-file.ts';
import type { TableStore } from '../table-store.ts';
import { answerQuery } from './answer-query.ts';
import { tableName } from './clickhouse-loads.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { StatementSettings } from './clickhouse-shard.ts';
import { identifier } from './clickhouse-sql.ts';
import { exportTable } from './export-table.ts';
import { ExtremeColumns } from './extreme-columns.ts';
import { keepsIntegersAsNumbers } from './integers-as-numbers.ts';
import { namingMissing, namingMissingIn } from './missing-shards.ts';
import { readPage } from './read-page.ts';

export interface ClickhouseReadDeps extends ExportFolder {
  readonly servers: ClickhouseServers;
  /** Writes results in formats with typed columns. */
  readonly engine: EngineClient;
  /** Maximum memory of a query on each server; null: that of the user's profile. */
  readonly queryMemoryBytes: number | null;
}

/** How tables on ClickHouse are read. */
export function clickhouseReads({
  servers,
  engine,
  queryMemoryBytes,
  ...folder
}: ClickhouseReadDeps): Pick<TableStore, 'query' | 'rows' | 'export' | 'keepsIntegersAsNumbers' | 'encode'> {
  const settings = queryMemoryBytes === null ? {} : memorySettings(queryMemoryBytes);
  const sourceOf = (table: TableName): string => servers.source(identifier(tableName(table)));
  const extremes = new ExtremeColumns();
  return {
    query: (view, plan, limits) => {
      const deps = { shard: servers.nextReader(), table: sourceOf(view), settings, extremes };
      return namingMissing(servers, () => answerQuery(deps, view, plan, limits));
    },
    rows: (view, page, limits) =>
      namingMissing(servers, () => readPage(servers.nextReader(), sourceOf(view), settings, view, page, limits)),
    export: (view, request, limits) =>
      namingMissingIn(
        servers,
        exportTable(servers.nextReader(), folder, sourceOf(view), settings, view, request, limits),
      ),
    keepsIntegersAsNumbers: (view, column, signal) =>
      keepsIntegersAsNumbers(servers, identifier(tableName(view)), settings, view, column, signal),
    async encode({ columns, rows }, format, signal) {
      const path = join(folder.exports, `${randomUUID()}.parquet`);
      return engine.call('encode_result', { columns, rows, format, path }, { signal });
    },
  };
}

/** Groups and rows to sort that do not fit into half of the memory are written to disk. */
function memorySettings(bytes: number): StatementSettings {
  const half = Math.floor(bytes / 2);
  return {
    max_memory_usage: bytes,
    max_bytes_before_external_group_by: half,
    max_bytes_before_external_sort: half,
  };
}
