import type { Operations } from '../operations.ts';
import { textsSql } from './read-csv-sql.ts';
import { valueName, valuesSql } from './record-sql.ts';

export const findFirstTime: Operations['find_first_time'] = async (params, { duckdb, signal }) => {
  const { source, formats, timeColumn } = params;
  const index = formats.findIndex((column) => column.name === timeColumn);
  return duckdb.connected(signal, async (connection) => {
    for (const segment of source.segments) {
      const values = valuesSql(textsSql({ ...source, segments: [segment] }, { inOrder: true }), formats, false);
      const time = valueName(index);
      // A single thread reads the segment from its start, so the first row returned is the first in line order.
      const reader = await connection.runAndReadUntil(
        `SELECT epoch_us(CAST(${time} AS TIMESTAMP)) FROM (${values}) WHERE ${time} IS NOT NULL LIMIT 1`,
        1,
      );
      const [row] = reader.getRows();
      if (row) return row[0] as bigint;
    }
    return null;
  });
};
