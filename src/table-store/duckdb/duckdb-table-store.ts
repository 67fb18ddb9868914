import { join } from 'node:path';
import { EngineCancelled, type EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import type { CustomerId } from '../../table/ids.ts';
import type { LoadSession, TableStore } from '../table-store.ts';
import { compileQuery } from './compile-query.ts';

/**
 * Tables as DuckDB files, one a customer (`<directory>/<customer>.duckdb`), held by the engine process.
 *
 * @param directory a folder that the engine may write
 */
export function duckdbTableStore(engine: EngineClient, directory: string): TableStore {
  const fileOf = (customerId: CustomerId): string => join(directory, `${customerId}.duckdb`);
  return {
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
