import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { EngineClient } from '../../engine/engine-client.ts';
import { physicalParts, storedIn } from '../../model/physical-columns.ts';
import type { ExportFolder } from '../sent-file.ts';
import type { LoadSession, TableStore } from '../table-store.ts';
import { answerQuery } from './answer-query.ts';
import { exportTable } from './export-table.ts';
import { keepsIntegersAsNumbers } from './integers-as-numbers.ts';
import { quantileMemory } from './quantile-memory.ts';
import { readPage } from './read-page.ts';
import { tableFiles } from './table-files.ts';
import { UploadStarts } from './upload-starts.ts';

export interface DuckdbSettings extends ExportFolder {
  /** The folder of the table files. */
  readonly tables: string;
  /** Maximum memory for medians and quantiles, in addition to the engine's memory limit. */
  readonly quantileBytes: number;
}

/**
 * Stores each table in a DuckDB file of its own, `<tables>/<customer>_<table>.duckdb`, through the engine process, which must be
 * allowed to write to the folders.
 */
export function duckdbTableStore(engine: EngineClient, settings: DuckdbSettings): TableStore {
  const fileOf = tableFiles(settings.tables);
  const quantiles = quantileMemory(settings.quantileBytes);
  const starts = new UploadStarts();
  return {
    query: (view, plan, limits) => answerQuery({ engine, quantiles }, fileOf(view), view, plan, limits),
    rows: (view, page, limits) => readPage({ engine, starts }, fileOf(view), view, page, limits),
    export: (view, request, limits) => exportTable(engine, settings, fileOf(view), view, request, limits),
    keepsIntegersAsNumbers: (view, column, signal) =>
      keepsIntegersAsNumbers(engine, fileOf(view), view, column, signal),
    async encode({ columns, rows }, format, signal) {
      const path = join(settings.exports, `${randomUUID()}.parquet`);
      return engine.call('encode_result', { columns, rows, format, path }, { signal });
    },
    async begin({ customerId, tableId, tag, columns, file, timeColumn, create }): Promise<LoadSession> {
      const database = fileOf({ customerId, tableId });
      const stored = columns.flatMap(physicalParts);
      const into = file.columns.map(({ name, format }) => storedIn(columns, name, format.type));
      await engine.call('begin_load', { database, columns: stored, create });
      const timeType = columns.find(({ name }) => name === timeColumn)?.type ?? 'unknown';
      const storedTime = timeColumn === null ? null : storedIn(columns, timeColumn, timeType);
      return {
        // Each uses all threads.
        concurrentAppends: 1,
        append: (source, options) => engine.call('append', { ...file, database, tag, into, source }, options),
        commit: () => engine.call('end_load', { database, tag, timeColumn: storedTime }),
        rollBack: async () => {
          await engine.call(create ? 'drop' : 'purge', { database, tags: [tag] });
        },
      };
    },
    purge: async (table, tags) => {
      await engine.call('purge', { database: fileOf(table), tags });
    },
    drop: async (table) => {
      await engine.call('drop', { database: fileOf(table) });
    },
    // One process uses the files, and the catalog knows each before it is created.
    emptyTables: async () => [],
  };
}
