import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import { type CsvSource, withoutMark } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import { DATE_FORMATS, dayAndMonthSwapped, TIMESTAMP_FORMATS } from '../../model/time-formats.ts';
import type { Operations } from '../operations.ts';
import { castSql } from './cast-sql.ts';
import { hasShapeOf } from './format-shape.ts';
import { textName, textsSql } from './read-csv-sql.ts';
import { TextTable } from './text-table.ts';

type Format = Pick<ColumnFormat, 'type' | 'format'>;

const TEXT: Format = { type: 'text', format: null };
const SAMPLE_RECORDS = 2048;
const SAMPLE_BYTES = 1024 * 1024;

/** The formats of a column, narrowest first. A column that fits none of them is text. */
const CANDIDATES: readonly Format[] = [
  { type: 'integer', format: null },
  { type: 'number', format: null },
  { type: 'boolean', format: null },
  { type: 'date', format: null },
  { type: 'timestamp', format: null },
  ...DATE_FORMATS.map((format): Format => ({ type: 'date', format })),
  ...TIMESTAMP_FORMATS.map((format): Format => ({ type: 'timestamp', format })),
];

/** The formats in which a file's column can be read into an existing column of the table, most likely first. */
function candidatesFor(column: ColumnFormat): readonly Format[] {
  const known: Format = { type: column.type, format: column.format };
  if (column.type !== 'date' && column.type !== 'timestamp') return [{ type: column.type, format: null }];
  const dates = column.type === 'timestamp' ? DATE_FORMATS : [];
  const own = CANDIDATES.filter((candidate) => candidate.type === column.type);
  const asTimestamp = dates.map((format): Format => ({ type: 'timestamp', format }));
  return [known, ...[...own, ...asTimestamp].filter((candidate) => candidate.format !== known.format)];
}

/** By column: the candidates that fit every record; null if the column has no value. */
type FittingFormats = readonly (readonly Format[] | null)[];

/**
 * Finds which candidates fit every record of each column, in one query.
 *
 * @param texts a table or `read_csv` call with the columns `c0, c1, …`
 */
async function fittingFormats(
  connection: DuckDBConnection,
  texts: string,
  candidates: readonly (readonly Format[])[],
  exact: boolean,
): Promise<FittingFormats> {
  const checks = candidates.flatMap((formats, index) => {
    const text = textName(index);
    const present = `${text} IS NOT NULL AND ${text} <> ''`;
    return [
      `count(*) FILTER (${present})`,
      ...formats.map((candidate) => {
        const { value } = castSql(candidate, exact, text, '');
        const { fits } = castSql(candidate, exact, text, `(${value})`);
        return `count(*) FILTER (${present} AND NOT coalesce(${fits}, false)) = 0`;
      }),
    ];
  });
  const reader = await connection.runAndReadAll(`SELECT ${checks.join(', ')} FROM ${texts}`);
  const results = reader.getRows()[0] ?? [];
  let next = 0;
  return candidates.map((formats) => {
    const present = results[next++] as bigint;
    const fit = formats.filter(() => results[next++] === true);
    return present === 0n ? null : fit;
  });
}

/**
 * Tries all candidates on the first records. With `thorough`, tries the remaining ones on every record: only the narrowest of
 * each column in one pass, until one fits every record, so that a pass makes one check per column.
 */
export const inferFormats: Operations['infer_formats'] = async ({ source, table, thorough }, { duckdb, signal }) => {
  const exact = table === null;
  const all = source.columns.map((name) => {
    const column = table?.find((candidate) => candidate.name === name);
    return column ? candidatesFor(column) : CANDIDATES;
  });
  const sample = await firstRecords(source);
  return duckdb.connected(signal, async (connection) => {
    const fit = await fittingSample(connection, sample, all, exact);
    // A column without a value in the sample keeps all candidates.
    let left: (readonly Format[])[] = fit.map((formats, index) => formats ?? all[index] ?? []);
    if (thorough) left = await narrow(connection, textsSql(source, { skipMalformed: true }), left, exact, fit);
    const chosen = left.map((formats, index): Format => {
      const unknown = fit[index] === null && !thorough;
      return (unknown ? undefined : formats[0]) ?? fallback(table, source.columns[index]);
    });
    const ambiguous = exact ? source.columns.filter((_, index) => isAmbiguous(left[index] ?? [])) : [];
    return {
      formats: source.columns.map((name, index) => ({ name, ...(chosen[index] ?? TEXT) })),
      settled: thorough || !exact || (ambiguous.length === 0 && fit.every((formats) => formats !== null)),
      ambiguous,
    };
  });
};

/** The fields of the first records, without malformed ones and those of another length. */
async function firstRecords({ segments, dialect, columns }: CsvSource): Promise<readonly CsvRecord['fields'][]> {
  const [first] = segments;
  if (!first) return [];
  const file = await open(first.path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0);
    const text = withoutMark(buffer.subarray(0, bytesRead));
    const sample: CsvRecord['fields'][] = [];
    for (const { fields, byteOffset, bytes, malformed } of readRecords(text, dialect, columns.length, 1)) {
      const cutOff = byteOffset + bytes >= text.length && bytesRead < first.bytes;
      if (malformed === null && !cutOff && fields.length === columns.length) sample.push(fields);
      if (sample.length === SAMPLE_RECORDS) break;
    }
    return sample;
  } finally {
    await file.close();
  }
}

async function fittingSample(
  connection: DuckDBConnection,
  sample: readonly CsvRecord['fields'][],
  candidates: readonly (readonly Format[])[],
  exact: boolean,
): Promise<FittingFormats> {
  const likely = candidates.map((formats, index) => {
    const texts = sample.map((fields) => fields[index]).filter((text) => text !== null && text !== '');
    return formats.filter(({ format }) => format === null || texts.every((text) => hasShapeOf(text ?? '', format)));
  });
  const table = await TextTable.open(connection, 'sampled', candidates.length);
  try {
    await table.fill(sample);
    return await fittingFormats(connection, table.name, likely, exact);
  } finally {
    await table.close();
  }
}

/** If nothing fits: text in a new table, and the column's own type in an existing one, so that the rows are rejected. */
function fallback(table: readonly ColumnFormat[] | null, name: string | undefined): Format {
  const column = table?.find((candidate) => candidate.name === name);
  return column ? { type: column.type, format: column.format } : TEXT;
}

async function narrow(
  connection: DuckDBConnection,
  texts: string,
  candidates: readonly (readonly Format[])[],
  exact: boolean,
  sampled: FittingFormats,
): Promise<(readonly Format[])[]> {
  let left = [...candidates];
  const done = left.map((formats) => formats.length === 0);
  while (done.includes(false)) {
    // All strptime formats are tried in one pass: month first and day first may both fit until the last record.
    const tried = left.map((formats, index) =>
      done[index] ? [] : formats[0]?.format ? formats.filter(({ format }) => format !== null) : formats.slice(0, 1),
    );
    const fitting = await fittingFormats(connection, texts, tried, exact);
    left = left.map((formats, index) => {
      if (done[index]) return formats;
      const fit = fitting[index];
      if (fit === null && sampled[index] === null) {
        done[index] = true;
        return []; // empty in every record
      }
      const rest = formats.filter((candidate) => !tried[index]?.includes(candidate));
      if (fit && fit.length > 0) done[index] = true;
      else if (rest.length === 0) done[index] = true;
      return fit && fit.length > 0 ? fit : rest;
    });
  }
  return left;
}

/** Whether day first and month first both fit. */
function isAmbiguous(formats: readonly Format[]): boolean {
  const first = formats[0]?.format;
  const second = formats[1]?.format;
  return first != null && second != null && dayAndMonthSwapped(first) === second;
}
