import type { DuckDBConnection } from '@duckdb/node-api';
import type { CsvRecord } from '../../csv/record-reader.ts';
import type { ColumnFormat, LogicalType } from '../../model/columns.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { fitsSql, valuesSql } from './record-sql.ts';
import { TextTable } from './text-table.ts';

/** Maximum length of `RejectedRow.text`, in characters. */
const TEXT_LENGTH = 200;

/** By type: why a text is not a value of it, as the client reads it. */
const REJECTIONS: Readonly<Record<LogicalType, string>> = {
  integer: 'not a whole number from -9223372036854775808 to 9223372036854775807',
  number: 'not a number',
  boolean: 'not true or false',
  date: 'not a date',
  timestamp: 'not a date and time',
  text: 'not text',
};

/** A record that cannot become a row, and why. */
export interface RejectedRecord {
  readonly record: CsvRecord;
  readonly row: Omit<RejectedRow, 'byteOffset'>;
}

/** Checks records by the SQL that loads them. */
export class RecordChecker {
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

  static async open(
    connection: DuckDBConnection,
    formats: readonly ColumnFormat[],
    exact: boolean,
  ): Promise<RecordChecker> {
    const table = await TextTable.open(connection, 'checked', formats.length);
    return new RecordChecker(connection, table, formats, exact);
  }

  /**
   * @param bytes the text that contains the records
   * @returns the records that cannot become rows, in their order
   */
  async rejected(records: readonly CsvRecord[], bytes: Buffer): Promise<readonly RejectedRecord[]> {
    const found: RejectedRecord[] = [];
    const wellFormed: CsvRecord[] = [];
    for (const record of records) {
      const fault = structuralFault(record, this.#formats.length);
      if (fault === null) {
        wellFormed.push(record);
      } else {
        const text = excerpt(recordText(bytes, record));
        found.push({ record, row: { line: record.line, column: null, ...fault, text } });
      }
    }
    found.push(...(await this.#rejectedByValue(wellFormed)));
    return found.sort((a, b) => a.record.byteOffset - b.record.byteOffset);
  }

  async #rejectedByValue(records: readonly CsvRecord[]): Promise<readonly RejectedRecord[]> {
    if (records.length === 0) return [];
    await this.#table.fill(records.map(({ fields }) => fields));
    const fits = this.#formats.map((column, index) => `coalesce(${fitsSql(column, index, this.#exact)}, false)`);
    const values = valuesSql(this.#table.name, this.#formats, this.#exact, { further: ['record'] });
    const reader = await this.#connection.runAndReadAll(
      `SELECT record, ${fits.join(', ')} FROM (${values}) WHERE NOT (${fits.join(' AND ')}) ORDER BY record`,
    );
    return reader.getRows().map((row) => {
      const record = records[row[0] as number] as CsvRecord;
      return { record, row: this.#rejection(record, row.slice(1) as boolean[]) };
    });
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #rejection(record: CsvRecord, fits: readonly boolean[]): RejectedRecord['row'] {
    const index = fits.indexOf(false);
    const column = this.#formats[index] as ColumnFormat;
    const format = column.format === null ? '' : ` written as ${column.format}`;
    return {
      line: record.line,
      column: column.name,
      code: `not_${column.type}`,
      message: REJECTIONS[column.type] + format,
      text: excerpt(record.fields[index] ?? ''),
    };
  }
}

/** What is wrong with a record as a whole; null if its values have to be checked. */
function structuralFault(record: CsvRecord, columns: number): Pick<RejectedRow, 'code' | 'message'> | null {
  if (record.malformed !== null) return { code: 'malformed_record', message: record.malformed };
  const { length } = record.fields;
  if (length === columns) return null;
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
