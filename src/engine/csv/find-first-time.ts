import { segmentRecords } from '../../csv/segment-records.ts';
import { parserFor } from '../../csv/values/value-parser.ts';
import { parseTimestamp } from '../../model/parse-times.ts';
import type { Operations } from '../operations.ts';

export const findFirstTime: Operations['find_first_time'] = async (params, { signal }) => {
  const { source, columns, nulls, timeColumn } = params;
  const index = columns.findIndex(({ name }) => name === timeColumn);
  const column = columns[index];
  if (column === undefined) return null;
  const { parse } = parserFor(column.format, new Set(nulls));
  const wanted = columns.map((_, each) => each === index);
  for (const segment of source.segments) {
    for await (const { records } of segmentRecords(segment, source.dialect, columns.length, { wanted })) {
      signal.throwIfAborted();
      for (const { fields } of records) {
        const time = parse(fields[index] ?? null);
        if (typeof time === 'string') return parseTimestamp(time);
      }
    }
  }
  return null;
};
