import type { Operations } from '../operation.ts';
import { textsSql, valueName, valuesSql } from './read-csv.ts';

export const firstTime: Operations['first_time'] = async ({ source, formats, timeColumn }, { duckdb, signal }) => {
  const index = formats.findIndex((column) => column.name === timeColumn);
  return duckdb.connected(signal, async (connection) => {
    for (const segment of source.segments) {
      const values = valuesSql(textsSql({ ...source, segments: [segment] }, { inOrder: true }), formats, false);
      const time = valueName(index);
      // One thread reads the file from its start, so the first row that comes is the first of the file.
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
