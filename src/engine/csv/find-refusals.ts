import { readFile } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import type { ColumnReading } from '../../table/columns.ts';
import type { Operations } from '../operation.ts';
import type { Refusal } from '../protocol.ts';
import { fitsSql, valuesSql } from './read-csv.ts';
import { REFUSAL_REASONS } from './reading-sql.ts';
import { TextTable } from './text-table.ts';

const BATCH_RECORDS = 10_000;
const TEXT_LENGTH = 200;

/**
 * Reads the records one by one, without DuckDB's CSV reader, which tells no line numbers of values it has cast; the
 * values themselves are judged by the same SQL that loads them.
 */
export const findRefusals: Operations['find_refusals'] = async (params, { duckdb, signal, progress }) => {
  const { source, reading, exact, limit } = params;
  let records = 0;
  let refused = 0;
  const refusals: Refusal[] = [];
  const note = (found: Refusal): void => {
    refused++;
    if (refusals.length < limit) refusals.push(found);
  };
  await duckdb.connected(signal, async (connection) => {
    const batches = await RecordBatches.open(connection, reading, exact);
    try {
      for (const [index, segment] of source.segments.entries()) {
        const bytes = await readFile(segment.path);
        for (const record of readRecords(bytes, source.dialect, reading.length, segment.firstLine)) {
          records++;
          const malformed = structure(record, reading.length);
          if (malformed !== null) {
            note({ line: record.line, column: null, reason: malformed, text: excerpt(recordText(bytes, record)) });
          } else if (batches.add(record) >= BATCH_RECORDS) {
            for (const found of await batches.judge()) note(found);
            signal.throwIfAborted();
          }
        }
        for (const found of await batches.judge()) note(found);
        progress((index + 1) / source.segments.length);
      }
    } finally {
      await batches.close();
    }
  });
  // Batches judge values after the structure of later records was seen.
  refusals.sort((a, b) => a.line - b.line);
  return { records, refused, refusals };
};

function structure(record: CsvRecord, columns: number): string | null {
  if (record.malformed) return record.malformed;
  const { length } = record.fields;
  if (length === columns || (length > columns && record.fields.slice(columns).every((field) => field === null)))
    return null;
  return `${length} ${length === 1 ? 'field' : 'fields'} instead of ${columns}`;
}

function recordText(bytes: Buffer, record: CsvRecord): string {
  const end = record.byteOffset + Math.min(record.bytes, TEXT_LENGTH * 4);
  return bytes.toString('utf8', record.byteOffset, end).trimEnd();
}

function excerpt(text: string): string {
  return text.length <= TEXT_LENGTH ? text : `${text.slice(0, TEXT_LENGTH)}…`;
}

/** Records that wait to be judged, some at a time, by the SQL that loads them. */
class RecordBatches {
  readonly #connection: DuckDBConnection;
  readonly #table: TextTable;
  readonly #reading: readonly ColumnReading[];
  readonly #exact: boolean;
  readonly #records: CsvRecord[] = [];

  private constructor(
    connection: DuckDBConnection,
    table: TextTable,
    reading: readonly ColumnReading[],
    exact: boolean,
  ) {
    this.#connection = connection;
    this.#table = table;
    this.#reading = reading;
    this.#exact = exact;
  }

  static async open(
    connection: DuckDBConnection,
    reading: readonly ColumnReading[],
    exact: boolean,
  ): Promise<RecordBatches> {
    return new RecordBatches(connection, await TextTable.open(connection, 'judged', reading.length), reading, exact);
  }

  /** @returns how many records wait to be judged */
  add(record: CsvRecord): number {
    return this.#records.push(record);
  }

  async judge(): Promise<readonly Refusal[]> {
    if (this.#records.length === 0) return [];
    // DuckDB takes surplus fields at the end that are empty, and so hold nothing, as if they were not there.
    const columns = this.#reading.length;
    await this.#table.fill(this.#records.map(({ fields }) => fields.slice(0, columns)));
    const fits = this.#reading.map((column, index) => `coalesce(${fitsSql(column, index, this.#exact)}, false)`);
    const values = valuesSql(this.#table.name, this.#reading, this.#exact, ['record']);
    const reader = await this.#connection.runAndReadAll(
      `SELECT record, ${fits.join(', ')} FROM (${values}) WHERE NOT (${fits.join(' AND ')}) ORDER BY record`,
    );
    const found = reader.getRows().map((row) => this.#refusal(row[0] as number, row.slice(1) as boolean[]));
    this.#records.length = 0;
    return found;
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #refusal(number: number, fits: readonly boolean[]): Refusal {
    const record = this.#records[number] as CsvRecord;
    const index = fits.indexOf(false);
    const column = this.#reading[index] as ColumnReading;
    const format = column.format === null ? '' : ` written as ${column.format}`;
    return {
      line: record.line,
      column: column.name,
      reason: REFUSAL_REASONS[column.type] + format,
      text: excerpt(record.fields[index] ?? ''),
    };
  }
}
