import { CombinedColumn, columnsOfRecords } from '../../csv/combined-column.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import { type ParsedValue, parserFor } from '../../csv/values/value-parser.ts';
import { parseTimestamp } from '../../model/parse-times.ts';
import type { ParsedFile } from '../../model/parsed-columns.ts';
import type { Operations } from '../operations.ts';

export const findFirstTime: Operations['find_first_time'] = async (params, { signal }) => {
  const { source } = params;
  const width = columnsOfRecords(params).length;
  const time = timeReader(params, params.timeColumn);
  if (time === null) return null;
  const wanted = Array.from({ length: width }, (_, index) => time.reads(index));
  for (const segment of source.segments) {
    for await (const { records } of segmentRecords(segment, source.dialect, width, { wanted })) {
      signal.throwIfAborted();
      for (const { fields, line } of records) {
        const value = time.parse({ fields, line });
        if (typeof value === 'string') return parseTimestamp(value);
      }
    }
  }
  return null;
};

interface TimeReader {
  /** Whether it needs the field. */
  reads(index: number): boolean;
  parse(record: { readonly fields: readonly (string | null)[]; readonly line: number }): ParsedValue;
}

/** @returns null if the file has no such column */
function timeReader(file: ParsedFile, timeColumn: string): TimeReader | null {
  const combined = CombinedColumn.of(file);
  if (combined?.name === timeColumn)
    return { reads: (index) => combined.isPart(index), parse: (record) => combined.parse(record) };
  const column = file.columns.findIndex(({ name }) => name === timeColumn);
  const found = file.columns[column];
  if (found === undefined) return null;
  const { parse } = parserFor(found.format, new Set(file.nulls));
  return { reads: (index) => index === column, parse: ({ fields, line }) => parse(fields[column] ?? null, line) };
}
