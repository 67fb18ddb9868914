import type { ParsedFile } from '../model/parsed-columns.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { ValueFormat } from '../model/value-format.ts';
import { CombinedColumn, columnsOfRecords } from './combined-column.ts';
import { EXCERPT_BYTES, excerpt } from './excerpt.ts';
import type { CsvRecord } from './record-reader.ts';
import type { CsvSegment } from './segment.ts';
import { isCertain } from './values/certain-columns.ts';
import { type ParsedValue, parserFor, type ValueParser } from './values/value-parser.ts';
import type { Values } from './values/values.ts';

const MALFORMED: Readonly<Record<NonNullable<CsvRecord['malformed']>, string>> = {
  quote_not_closed: 'has a quote that is never closed',
  text_after_quote: 'has text after the closing quote of a field',
};

/** Finds what is wrong with a record. */
export class RecordChecker {
  readonly #columns: readonly { readonly name: string; readonly format: ValueFormat; readonly parser: ValueParser }[];
  /** The columns whose values may not fit: neither text nor certain by their shapes. */
  #checked: readonly number[] = [];
  readonly #combined: CombinedColumn | null;

  constructor(file: ParsedFile) {
    const words = new Set(file.nulls);
    this.#combined = CombinedColumn.of(file);
    this.#columns = columnsOfRecords(file).map(({ name, format }) => ({
      name,
      format,
      parser: parserFor(format, words),
    }));
    this.trust([]);
  }

  /** @param shapes by column: those that all fields of the records to be checked next have, as far as is known */
  trust(shapes: CsvSegment['shapes']): void {
    this.#checked = this.#columns.flatMap(({ format }, index) =>
      isCertain(format, shapes[index] ?? []) ? [] : [index],
    );
  }

  /** By column: whether its fields have to be decoded for `fault`. */
  get wanted(): readonly boolean[] {
    const checked = new Set(this.#checked);
    return this.#columns.map((_, index) => checked.has(index) || (this.#combined?.isPart(index) ?? false));
  }

  /** Local times so far that clocks showed twice. */
  get ambiguousTimes(): readonly { readonly column: string; readonly values: Values }[] {
    const counted = this.#columns.map(({ name, parser }) => [name, parser.ambiguousTimes] as const);
    const all = [...counted, [this.#combined?.name ?? '', this.#combined?.counts.ambiguousTimes ?? null] as const];
    return all.flatMap(([column, values]) => (values === null ? [] : [{ column, values }]));
  }

  /** Rows so far that have only one of the two columns of the time column. */
  get incompleteTimes(): Values | null {
    return this.#combined?.counts.incomplete ?? null;
  }

  /** @param text that contains the record. @returns null if the record can become a row */
  fault(record: CsvRecord, text: Buffer): Omit<RejectedRow, 'byteOffset'> | null {
    const { fields, line, malformed } = record;
    const width = this.#columns.length;
    if (malformed !== null || fields.length !== width) {
      const code = malformed === null ? 'wrong_field_count' : 'malformed_record';
      const count = `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'} instead of ${width}`;
      const message = malformed === null ? count : MALFORMED[malformed] + escapeHint(record, text);
      return { line, column: null, code, message, text: recordText(text, record) };
    }
    for (const index of this.#checked) {
      const field = fields[index] ?? null;
      const column = this.#columns[index];
      const value: ParsedValue = column === undefined ? null : column.parser.parse(field, line);
      if (column === undefined || value === null || typeof value === 'string') continue;
      const { code, reason } = value;
      return { line, column: column.name, code, message: reason, text: excerpt(field ?? '') };
    }
    return this.#combined === null ? null : this.#faultOfPair(record, this.#combined);
  }

  /** Each of both columns was checked on its own, except that one is text. */
  #faultOfPair(record: CsvRecord, combined: CombinedColumn): Omit<RejectedRow, 'byteOffset'> | null {
    const value = combined.parse(record);
    if (value === null || typeof value === 'string') return null;
    const { line, fields } = record;
    const [day, clock] = [fields[combined.day] ?? '', fields[combined.clock] ?? ''];
    const { code, reason: message } = value;
    switch (code) {
      case 'not_clock_time':
        return { line, column: this.#columns[combined.clock]?.name ?? null, code, message, text: excerpt(clock) };
      case 'no_such_local_time':
        return { line, column: combined.name, code, message, text: excerpt(`${day} ${clock}`) };
      default:
        return { line, column: this.#columns[combined.day]?.name ?? null, code, message, text: excerpt(day) };
    }
  }
}

/** What a malformed record says of the option that may make it well-formed. */
function escapeHint({ byteOffset, bytes }: CsvRecord, text: Buffer): string {
  const hasBackslash = text.subarray(byteOffset, byteOffset + bytes).includes('\\"');
  return hasBackslash ? '; if the file writes quotes as \\", set escape=\\' : '';
}

/** The text of a record, cut to a readable length. */
export function recordText(
  bytes: Buffer,
  { byteOffset, bytes: length }: Pick<CsvRecord, 'byteOffset' | 'bytes'>,
): string {
  return excerpt(bytes.toString('utf8', byteOffset, byteOffset + Math.min(length, EXCERPT_BYTES)).trimEnd());
}
