import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import { type CsvSource, withoutMark } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import { DATE_FORMATS, dayAndMonthSwapped, TIMESTAMP_FORMATS } from '../../model/time-formats.ts';
import type { Operations } from '../operation.ts';
import { hasShapeOf } from './format-shape.ts';
import { formatSql } from './format-sql.ts';
import { textName, textsSql } from './read-csv.ts';
import { TextTable } from './text-table.ts';

type Format = Pick<ColumnFormat, 'type' | 'format'>;

const TEXT: Format = { type: 'text', format: null };
const SAMPLE_RECORDS = 2048;
const SAMPLE_BYTES = 1024 * 1024;

/** Every way to read a column, the narrowest first. What fits no other way is text. */
const CANDIDATES: readonly Format[] = [
  { type: 'integer', format: null },
  { type: 'number', format: null },
  { type: 'boolean', format: null },
  { type: 'date', format: null },
  { type: 'timestamp', format: null },
  ...DATE_FORMATS.map((format): Format => ({ type: 'date', format })),
  ...TIMESTAMP_FORMATS.map((format): Format => ({ type: 'timestamp', format })),
];

/** The ways to read a file's column into a column that a table has already, the likeliest first. */
function candidatesFor(column: ColumnFormat): readonly Format[] {
  const known: Format = { type: column.type, format: column.format };
  if (column.type !== 'date' && column.type !== 'timestamp') return [{ type: column.type, format: null }];
  const dates = column.type === 'timestamp' ? DATE_FORMATS : [];
  const own = CANDIDATES.filter((candidate) => candidate.type === column.type);
  const asTimestamp = dates.map((format): Format => ({ type: 'timestamp', format }));
  return [known, ...[...own, ...asTimestamp].filter((candidate) => candidate.format !== known.format)];
}

/** Which of the candidates fit every record, by column; null where a column has no value at all. */
type Fitting = readonly (readonly Format[] | null)[];

/**
 * Asks of every record whether each column fits its candidates, in one query.
 *
 * @param texts a table or subquery with the columns `c0, c1, …`
 */
async function fitting(
  connection: DuckDBConnection,
  texts: string,
  candidates: readonly (readonly Format[])[],
  exact: boolean,
): Promise<Fitting> {
  const questions = candidates.flatMap((formats, index) => {
    const text = textName(index);
    const present = `${text} IS NOT NULL AND ${text} <> ''`;
    return [
      `count(*) FILTER (${present})`,
      ...formats.map((candidate) => {
        const { value } = formatSql(candidate, exact, text, '');
        const { fits } = formatSql(candidate, exact, text, `(${value})`);
        return `count(*) FILTER (${present} AND NOT coalesce(${fits}, false)) = 0`;
      }),
    ];
  });
  const reader = await connection.runAndReadAll(`SELECT ${questions.join(', ')} FROM ${texts}`);
  const answers = reader.getRows()[0] ?? [];
  let next = 0;
  return candidates.map((formats) => {
    const present = answers[next++] as bigint;
    const fit = formats.filter(() => answers[next++] === true);
    return present === 0n ? null : fit;
  });
}

/**
 * Candidates are tried on the first records, then, where `thorough`, on every record: only the narrowest that is left
 * for each column, until one fits all, so that a column costs one question a pass.
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
    // A column without a value in the sample has every candidate left.
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

/** The fields of the first records that have as many as there are columns. */
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
): Promise<Fitting> {
  const likely = candidates.map((formats, index) => {
    const texts = sample.map((fields) => fields[index]).filter((text) => text !== null && text !== '');
    return formats.filter(({ format }) => format === null || texts.every((text) => hasShapeOf(text ?? '', format)));
  });
  const table = await TextTable.open(connection, 'sampled', candidates.length);
  try {
    await table.fill(sample);
    return await fitting(connection, table.name, likely, exact);
  } finally {
    await table.close();
  }
}

/** Where nothing fits: text in a new table; in one that exists its own type, so that the rows are refused by name. */
function fallback(table: readonly ColumnFormat[] | null, name: string | undefined): Format {
  const column = table?.find((candidate) => candidate.name === name);
  return column ? { type: column.type, format: column.format } : TEXT;
}

async function narrow(
  connection: DuckDBConnection,
  texts: string,
  candidates: readonly (readonly Format[])[],
  exact: boolean,
  sampled: Fitting,
): Promise<(readonly Format[])[]> {
  let left = [...candidates];
  const done = left.map((formats) => formats.length === 0);
  while (done.includes(false)) {
    // Of dates in other formats all are asked at once: month first and day first exclude each other only in the end.
    const asked = left.map((formats, index) =>
      done[index] ? [] : formats[0]?.format ? formats.filter(({ format }) => format !== null) : formats.slice(0, 1),
    );
    const answers = await fitting(connection, texts, asked, exact);
    left = left.map((formats, index) => {
      if (done[index]) return formats;
      const fit = answers[index];
      if (fit === null && sampled[index] === null) {
        done[index] = true;
        return []; // empty in every record
      }
      const rest = formats.filter((candidate) => !asked[index]?.includes(candidate));
      if (fit && fit.length > 0) done[index] = true;
      else if (rest.length === 0) done[index] = true;
      return fit && fit.length > 0 ? fit : rest;
    });
  }
  return left;
}

/** Day first and month first both fit. */
function isAmbiguous(formats: readonly Format[]): boolean {
  const first = formats[0]?.format;
  const second = formats[1]?.format;
  return first != null && second != null && dayAndMonthSwapped(first) === second;
}
