import { readFile } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import { type CsvOrigin, type CsvSegment, withoutMark } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { Operations } from '../operation.ts';
import { REFUSAL_REASONS } from './format-sql.ts';
import { fitsSql, valuesSql } from './read-csv.ts';
import { RefusalFiles, writeKept } from './rejected-row-files.ts';
import { TextTable } from './text-table.ts';

const BATCH_RECORDS = 10_000;
const TEXT_LENGTH = 200;

/** A record that cannot become a row, and why. */
interface Refused {
  readonly record: CsvRecord;
  readonly refusal: Omit<RejectedRow, 'byteOffset'>;
}

/**
 * Reads the records one by one, without DuckDB's CSV reader, which tells no line numbers of values it has cast; the
 * values themselves are judged by the same SQL that loads them.
 */
export const findRejectedRows: Operations['find_rejected_rows'] = async (params, { duckdb, signal, progress }) => {
  const { source, formats, exact, limit, origin } = params;
  const tally = { lineEnds: 0 };
  let bytesBefore = 0;
  let records = 0;
  let rejected = 0;
  const rejectedRows: RejectedRow[] = [];
  const kept: CsvSegment[] = [];
  const files = await RefusalFiles.open(params);
  try {
    await duckdb.connected(signal, async (connection) => {
      const judge = await Judge.open(connection, formats, exact);
      try {
        for (const [index, segment] of source.segments.entries()) {
          const bytes = withoutMark(await readFile(segment.path));
          const found: CsvRecord[] = [];
          const note = async ({ record, refusal }: Refused): Promise<void> => {
            rejected++;
            found.push(record);
            const told = { ...refusal, byteOffset: origin && placeIn(origin, bytesBefore, record) };
            if (rejectedRows.length < limit) rejectedRows.push(told);
            await files.write(told, bytes.subarray(record.byteOffset, record.byteOffset + record.bytes));
          };
          for (const batch of batches(readRecords(bytes, source.dialect, formats.length, segment.firstLine, tally))) {
            records += batch.length;
            for (const each of await judge.refused(batch, bytes)) await note(each);
            signal.throwIfAborted();
          }
          if (params.keep) kept.push(...(await writeKept(segment, bytes, found)));
          bytesBefore += bytes.length;
          progress((index + 1) / source.segments.length);
        }
      } finally {
        await judge.close();
      }
    });
  } finally {
    await files.close();
  }
  return { records, rejected, rejectedRows, kept };
};

function placeIn({ byteOffset, newlineBytes }: CsvOrigin, bytesBefore: number, record: CsvRecord): number {
  return byteOffset + bytesBefore + record.byteOffset + (newlineBytes - 1) * record.lineEndsBefore;
}

function* batches(records: Iterable<CsvRecord>): Generator<readonly CsvRecord[], void> {
  let batch: CsvRecord[] = [];
  for (const record of records) {
    if (batch.push(record) < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** What is wrong with the record as a whole; null where its values have to be looked at. */
function structure(record: CsvRecord, columns: number): Pick<RejectedRow, 'code' | 'message'> | null {
  if (record.malformed !== null) return { code: 'malformed_record', message: record.malformed };
  const { length } = record.fields;
  if (length === columns || (length > columns && record.fields.slice(columns).every((field) => field === null)))
    return null;
  return {
    code: 'wrong_field_count',
    message: `${length} ${length === 1 ? 'field' : 'fields'} instead of ${columns}`,
  };
}

function recordText(bytes: Buffer, record: CsvRecord): string {
  const end = record.byteOffset + Math.min(record.bytes, TEXT_LENGTH * 4);
  return bytes.toString('utf8', record.byteOffset, end).trimEnd();
}

function excerpt(text: string): string {
  return text.length <= TEXT_LENGTH ? text : `${text.slice(0, TEXT_LENGTH)}…`;
}

/** Judges records by the SQL that loads them. */
class Judge {
  readonly #connection: DuckDBConnection;
  readonly #table: TextTable;
  readonly #formats: readonly ColumnFormat[];
  readonly #exact: boolean;

  private constructor(
    connection: DuckDBConnection,
    table: TextTable,
    formats: readonly ColumnFormat[],
    exact: boolean,
  ) {
    this.#connection = connection;
    this.#table = table;
    this.#formats = formats;
    this.#exact = exact;
  }

  static async open(connection: DuckDBConnection, formats: readonly ColumnFormat[], exact: boolean): Promise<Judge> {
    return new Judge(connection, await TextTable.open(connection, 'judged', formats.length), formats, exact);
  }

  /**
   * @param bytes the text that the records stand in
   * @returns those that cannot become rows, in their order
   */
  async refused(records: readonly CsvRecord[], bytes: Buffer): Promise<readonly Refused[]> {
    const found: Refused[] = [];
    const whole: CsvRecord[] = [];
    for (const record of records) {
      const malformed = structure(record, this.#formats.length);
      if (malformed === null) {
        whole.push(record);
      } else {
        const text = excerpt(recordText(bytes, record));
        found.push({ record, refusal: { line: record.line, column: null, ...malformed, text } });
      }
    }
    found.push(...(await this.#refusedValues(whole)));
    return found.sort((a, b) => a.record.byteOffset - b.record.byteOffset);
  }

  async #refusedValues(records: readonly CsvRecord[]): Promise<readonly Refused[]> {
    if (records.length === 0) return [];
    // DuckDB takes surplus fields at the end that are empty, and so hold nothing, as if they were not there.
    const columns = this.#formats.length;
    await this.#table.fill(records.map(({ fields }) => fields.slice(0, columns)));
    const fits = this.#formats.map((column, index) => `coalesce(${fitsSql(column, index, this.#exact)}, false)`);
    const values = valuesSql(this.#table.name, this.#formats, this.#exact, { further: ['record'] });
    const reader = await this.#connection.runAndReadAll(
      `SELECT record, ${fits.join(', ')} FROM (${values}) WHERE NOT (${fits.join(' AND ')}) ORDER BY record`,
    );
    return reader.getRows().map((row) => {
      const record = records[row[0] as number] as CsvRecord;
      return { record, refusal: this.#refusal(record, row.slice(1) as boolean[]) };
    });
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #refusal(record: CsvRecord, fits: readonly boolean[]): Refused['refusal'] {
    const index = fits.indexOf(false);
    const column = this.#formats[index] as ColumnFormat;
    const format = column.format === null ? '' : ` written as ${column.format}`;
    return {
      line: record.line,
      column: column.name,
      code: `not_${column.type}`,
      message: REFUSAL_REASONS[column.type] + format,
      text: excerpt(record.fields[index] ?? ''),
    };
  }
}
