import { join } from 'node:path';
import { EngineCancelled, type EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import type { CustomerId } from '../../table/ids.ts';
import type { LoadSession, TableStore } from '../table-store.ts';
import { compileQuery } from './compile-query.ts';
import { exportTable } from './export-table.ts';
import { readPage } from './read-page.ts';

export interface DuckdbFolders {
  readonly tables: string;
  /** For files that are made to be sent once. */
  readonly exports: string;
  /** Disk space that those files leave. */
  readonly reserveBytes: number;
}

/**
 * Tables as DuckDB files, one a customer (`<tables>/<customer>.duckdb`), held by the engine process, which may write to the
 * folders.
 */
export function duckdbTableStore(engine: EngineClient, folders: DuckdbFolders): TableStore {
  const fileOf = (customerId: CustomerId): string => join(folders.tables, `${customerId}.duckdb`);
  return {
    rows: (view, page, limits) => readPage(engine, fileOf(view.customerId), view, page, limits),
    export: (view, request, limits) => exportTable(engine, folders, fileOf(view.customerId), view, request, limits),
    async query(view, plan, { signal, ...limits }) {
      const database = fileOf(view.customerId);
      const { sql, params } = compileQuery(plan, { ...view, table: tableName(database) });
      const { deadlineMs, maxRows, maxBytes } = limits;
      try {
        return await engine.call('query', { database, sql, params, maxRows, maxBytes }, { signal, deadlineMs });
      } catch (error) {
        if (!(error instanceof EngineCancelled)) throw error;
        return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
      }
    },
    async begin({ customerId, tag, columns, reading, timeColumn, create, exact }): Promise<LoadSession> {
      const database = fileOf(customerId);
      await engine.call('begin_load', { database, columns, create });
      let quick = true;
      return {
        append: async (source, options) => {
          const params = { database, tag, reading, source, exact, quick };
          const appended = await engine.call('append', params, options);
          // A file with unusual values, such as empty ones, has them everywhere.
          quick = appended.quick;
          return appended.rows;
        },
        commit: () => engine.call('end_load', { database, tag, timeColumn }),
        rollBack: async () => {
          await engine.call(create ? 'drop' : 'purge', { database, tags: [tag] });
        },
      };
    },
    purge: async (customerId, tags) => {
      await engine.call('purge', { database: fileOf(customerId), tags });
    },
    drop: async (customerId) => {
      await engine.call('drop', { database: fileOf(customerId) });
    },
  };
}
