import { rm } from 'node:fs/promises';
import { CombinedColumn, columnsOfRecords } from '../../csv/combined-column.ts';
import { type CsvDialect, quoteCode } from '../../csv/dialect.ts';
import { type FoundFields, KEEP, RECORD_PLACES, replacedFields, VALUE_LENGTHS, VALUES } from '../../csv/field-index.ts';
import { fieldText } from '../../csv/field-text.ts';
import type { CsvRecord } from '../../csv/record-reader.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import { type FieldsBatch, segmentFields } from '../../csv/segment-fields.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import { isCertain, mayTrustShapes } from '../../csv/values/certain-columns.ts';
import { type FieldParser, fieldParserFor, REJECTED } from '../../csv/values/field-parser.ts';
import { type ParsedValue, parserFor, type ValueParser } from '../../csv/values/value-parser.ts';
import type { Values } from '../../csv/values/values.ts';
import type { ParsedColumn, ParsedFile } from '../../model/parsed-columns.ts';
import { RowDoesNotFit } from '../duckdb-failure.ts';
import type { AmbiguousTimes, RewrittenDialect } from '../protocol.ts';
import { BufferedFile } from './buffered-file.ts';
import { RewrittenText } from './rewritten-text.ts';

/** What canonical values are written with. */
const CANONICAL = /[-+.: 0-9a-z]/;

/** Rewrites segments so that the values of all columns are canonical. Text, and what is certain by its shape, is copied as it is. */
export class SegmentRewriter {
  /** The dialect of the rewritten segments. */
  readonly dialect: RewrittenDialect;
  readonly #source: CsvDialect;
  readonly #columns: readonly ParsedColumn[];
  readonly #combined: CombinedColumn | null;
  readonly #parsers: readonly ValueParser[];
  readonly #fieldParsers: readonly FieldParser[];
  readonly #quote: number;
  readonly #trustsShapes: boolean;
  /** Around canonical values. */
  readonly #mark: string;

  /** @param recode whether the rewritten segments are to have commas and double quotes, whatever the dialect of the file */
  constructor(file: ParsedFile, dialect: CsvDialect, { recode = false } = {}) {
    this.#columns = columnsOfRecords(file);
    this.#combined = CombinedColumn.of(file);
    this.#trustsShapes = mayTrustShapes(file.nulls);
    const nulls = new Set(file.nulls);
    this.#parsers = this.#columns.map(({ format }) => parserFor(format, nulls));
    this.#quote = quoteCode(dialect);
    this.#fieldParsers = this.#columns.map(({ format }, index) =>
      fieldParserFor(format, nulls, this.#parsers[index] as ValueParser, this.#quote),
    );
    const isSplit = CANONICAL.test(dialect.delimiter);
    // Without quotes, a value such as 2024-01-02 would be split at hyphens.
    const isRecoded = recode || (isSplit && dialect.quote === '');
    this.dialect = isRecoded ? { delimiter: ',', quote: '"' } : dialect;
    this.#mark = isSplit && !isRecoded ? dialect.quote : '';
    this.#source = dialect;
  }

  ambiguousTimes(): readonly AmbiguousTimes[] {
    const counted = this.#parsers.map(
      ({ ambiguousTimes }, index) => [this.#columns[index]?.name, ambiguousTimes] as const,
    );
    const all = [...counted, [this.#combined?.name, this.#combined?.counts.ambiguousTimes ?? null] as const];
    return all.flatMap(([column = '', values]) => (values === null ? [] : [{ column, values }]));
  }

  get incompleteTimes(): Values | null {
    return this.#combined?.counts.incomplete ?? null;
  }

  /**
   * @param onProgress is called with the number of bytes read so far
   * @param path of the new segment; by default next to the old one
   * @returns the new segment
   * @throws RowDoesNotFit at the first record that cannot become a row
   */
  async rewrite(
    segment: CsvSegment,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
    path = `${segment.path}.values`,
  ): Promise<CsvSegment> {
    const rewritten = this.#columns.map(
      ({ format }, index) =>
        format.type !== 'text' && !(this.#trustsShapes && isCertain(format, segment.shapes[index] ?? [])),
    );
    const file = await BufferedFile.create(path, { durable: false });
    const out = new RewrittenText(file);
    try {
      for await (const { parts, end } of this.#batches(segment, rewritten)) {
        signal.throwIfAborted();
        for (const part of parts) {
          if (part.fields !== null) {
            this.#replace(part.fields, part.line, rewritten, out);
            if (out.isFull) await out.flush();
            continue;
          }
          for (const record of part.records) {
            this.#write(record, rewritten, part.text, out);
            if (out.isFull) await out.flush();
          }
        }
        onProgress(end);
      }
      await out.end();
      await file.close();
    } catch (error) {
      await out.end().catch(() => undefined);
      await file.close().catch(() => undefined);
      await rm(path, { force: true });
      throw error;
    }
    return { ...segment, path, bytes: out.bytes };
  }

  /** @param rewritten by column */
  async *#batches(segment: CsvSegment, rewritten: readonly boolean[]): AsyncGenerator<FieldsBatch, void> {
    if (this.dialect === this.#source) {
      const wanted = rewritten.map((is, index) => is || (this.#combined?.isPart(index) ?? false));
      yield* segmentFields(segment, this.#source, wanted);
      return;
    }
    for await (const { text, records, offset } of segmentRecords(segment, this.#source, this.#columns.length))
      yield { parts: [{ fields: null, line: 0, text, records }], end: offset + text.length };
  }

  /** Writes records whose fields were found: canonical values in their places, and everything else as it is. */
  #replace(found: FoundFields, line: number, rewritten: readonly boolean[], out: RewrittenText): void {
    const { text, places, records } = found;
    const combined = this.#combined;
    const mark = this.#mark === '' ? -1 : this.#mark.charCodeAt(0);
    const pair: (string | null)[] = [];
    const fields = rewritten.flatMap((is, index) => (is || combined?.isPart(index) ? [index] : []));
    const parsers = fields.map((index) => (rewritten[index] ? (this.#fieldParsers[index] as FieldParser) : null));
    let place = 0;
    let field = 0;
    let end = 0;
    for (let record = 0; record < records; record++) {
      const recordLine = line + (places[place] as number);
      place += RECORD_PLACES;
      for (const [number, parser] of parsers.entries()) {
        const from = places[place++] as number;
        const to = places[place++] as number;
        const index = fields[number] as number;
        if (combined?.isPart(index)) pair[index] = fieldText(text, from, to, this.#quote);
        if (parser === null) {
          VALUE_LENGTHS[field++] = KEEP;
          continue;
        }
        const start = mark < 0 ? end : end + 1;
        let behind = parser.write(text, from, to, recordLine, VALUES, start);
        if (behind === REJECTED) throw new RowDoesNotFit(recordLine);
        if (behind === start) behind = end;
        else if (mark >= 0) {
          VALUES[end] = mark;
          VALUES[behind++] = mark;
        }
        VALUE_LENGTHS[field++] = behind - end;
        end = behind;
      }
      if (combined === null) continue;
      const value = canonical(combined.parse({ fields: pair, line: recordLine }), recordLine);
      const length = VALUES.write(this.#appended(value), end, 'latin1');
      VALUE_LENGTHS[field++] = length;
      end += length;
    }
    const replaced = replacedFields(found, combined !== null);
    out.copy(replaced, 0, replaced.length);
  }

  #write(record: CsvRecord, rewritten: readonly boolean[], text: Buffer, out: RewrittenText): void {
    if (record.malformed !== null || record.fields.length !== rewritten.length) throw new RowDoesNotFit(record.line);
    if (this.dialect !== this.#source) {
      this.#recode(record, rewritten, out);
      return;
    }
    const { ends, byteOffset } = record;
    const width = rewritten.length;
    let from = byteOffset;
    for (let index = 0; index < width; index++) {
      const end = ends[index] as number;
      if (rewritten[index] === true) {
        const start = index === 0 ? byteOffset : (ends[index - 1] as number) + 1;
        if (start > from) out.copy(text, from, start);
        const value = this.#value(record, index);
        if (value !== null) out.ascii(this.#mark === '' ? value : this.#mark + value + this.#mark);
        from = end;
      }
    }
    const end = byteOffset + record.bytes;
    if (end > from) out.copy(text, from, end);
    this.#addCombined(record, out);
    out.endLine();
  }

  #recode(record: CsvRecord, rewritten: readonly boolean[], out: RewrittenText): void {
    for (let index = 0; index < rewritten.length; index++) {
      if (index > 0) out.ascii(',');
      const value = rewritten[index] === true ? this.#value(record, index) : (record.fields[index] ?? null);
      if (value === null) continue;
      out.utf8(rewritten[index] === true ? value : `"${value.replaceAll('"', '""')}"`);
    }
    this.#addCombined(record, out);
    out.endLine();
  }

  #addCombined(record: CsvRecord, out: RewrittenText): void {
    if (this.#combined === null) return;
    out.ascii(this.#appended(canonical(this.#combined.parse(record), record.line)));
  }

  #appended(value: string | null): string {
    return value === null ? this.dialect.delimiter : this.dialect.delimiter + this.#mark + value + this.#mark;
  }

  #value(record: CsvRecord, index: number): string | null {
    const parser = this.#parsers[index] as ValueParser;
    return canonical(parser.parse(record.fields[index] ?? null, record.line), record.line);
  }
}

/** @throws RowDoesNotFit */
function canonical(value: ParsedValue, line: number): string | null {
  if (value !== null && typeof value !== 'string') throw new RowDoesNotFit(line);
  return value;
}
