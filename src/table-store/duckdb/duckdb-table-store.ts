import { join } from 'node:path';
import type { EngineClient } from '../../engine/engine-client.ts';
import type { CustomerId } from '../../table/ids.ts';
import type { LoadSession, TableStore } from '../table-store.ts';

/**
 * Tables as DuckDB files, one a customer (`<directory>/<customer>.duckdb`), held by the engine process.
 *
 * @param directory a folder that the engine may write
 */
export function duckdbTableStore(engine: EngineClient, directory: string): TableStore {
  const fileOf = (customerId: CustomerId): string => join(directory, `${customerId}.duckdb`);
  return {
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
