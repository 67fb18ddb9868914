import { existsSync } from 'node:fs';
import type { Operations } from './operation.ts';

export const query: Operations['query'] = async ({ database, sql, params, maxRows }, { duckdb, signal }) => {
  // Attaching would make a file that is not there.
  if (!existsSync(database)) throw new Error('there is no such table');
  return duckdb.reading(database, (catalog) =>
    duckdb.connected(signal, async (connection) => {
      await connection.run(`USE ${catalog}`);
      try {
        const reader = await connection.streamAndReadUntil(sql, maxRows + 1, [...params]);
        if (reader.currentRowCount > maxRows) throw new Error(`the answer has more than ${maxRows} rows`);
        return { rows: reader.getRows() };
      } finally {
        // The connection is used again for other tables, and this one could not be detached.
        await connection.run('USE memory');
      }
    }),
  );
};
