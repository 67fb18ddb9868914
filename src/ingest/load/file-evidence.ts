import type { CsvSegment } from '../../csv/segment.ts';
import { hasShapeOf, isEmptyColumn, mayTrustShapes } from '../../csv/values/certain-columns.ts';
import { readingsOfShapes } from '../../csv/values/clean-columns.ts';
import { type ColumnEvidence, mergeEvidence, noEvidence, valuesWhere } from '../../csv/values/column-evidence.ts';
import { AMBIGUOUS_NUMBER, SURELY_NUMBER } from '../../csv/values/readings.ts';
import { declaredColumn, nullsOf, type ValueOptions } from '../../csv/values/value-options.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import type { LogicalType } from '../../model/columns.ts';
import type { FileToLoad } from './file-to-load.ts';

/** How many records are looked at in any case. */
const SAMPLE_RECORDS = 2048;

interface Column {
  readonly name: string;
  readonly index: number;
  /** Null: this file decides it. */
  readonly type: LogicalType | null;
  readonly pattern: string | null;
  /** Of all records, by segment. */
  readonly whole: Map<number, ColumnEvidence>;
  /** Of the first records, by segment. */
  readonly sampled: Map<number, ColumnEvidence>;
  /** Of segments in which all fields are certain by their shape. */
  readonly certain: Map<number, ColumnEvidence>;
  /** Whether it is text, whatever further values are like. */
  isText: boolean;
}

/**
 * What the values of a file show about how they are written. Values are read only if the shapes of their column do not make them
 * certain, and they may be of another type than text.
 */
export class FileEvidence {
  /** Whether shapes are evidence. If not, all values are read. */
  readonly #trustsShapes: boolean;
  readonly #csvReader: CsvReader;
  readonly #file: FileToLoad;
  readonly #options: ValueOptions;
  readonly #signal: AbortSignal;
  readonly #columns: readonly Column[];
  readonly #segments: CsvSegment[] = [];

  constructor(csvReader: CsvReader, file: FileToLoad, options: ValueOptions, signal: AbortSignal) {
    this.#csvReader = csvReader;
    this.#file = file;
    this.#options = options;
    this.#trustsShapes = mayTrustShapes(nullsOf(options));
    this.#signal = signal;
    const { columns: names } = file.source([]);
    this.#columns = names.map((name, index) => {
      const declared = declaredColumn(options, name);
      const known = file.table?.columns.find((column) => column.name === name)?.type ?? 'unknown';
      const type = known === 'unknown' ? declared.type : known;
      return {
        name,
        index,
        type,
        pattern: declared.pattern,
        whole: new Map(),
        sampled: new Map(),
        certain: new Map(),
        isText: type === 'text',
      };
    });
  }

  /** How many segments are covered. */
  get segments(): number {
    return this.#segments.length;
  }

  /** By column, in the order of the file. */
  get columns(): readonly { readonly name: string; readonly evidence: ColumnEvidence }[] {
    return this.#columns.map((column) => ({ name: column.name, evidence: this.#evidenceOf(column) }));
  }

  /** Whether any field of a column has a text. */
  hasTexts(name: string): boolean {
    const index = this.#columns.find((column) => column.name === name)?.index ?? -1;
    return this.#segments.some(({ shapes }) => !isEmptyColumn(shapes[index] ?? []));
  }

  /** Looks at segments of the file that follow the ones so far. */
  async cover(segments: readonly CsvSegment[]): Promise<void> {
    for (const given of segments) {
      const segment = given.irregular ? await this.#withShapes(given) : given;
      const number = this.#segments.push(segment) - 1;
      await this.#sample(segment, number);
      const toRead = this.#columns.filter((column) => !this.#isCovered(column, segment, number));
      await this.#read(segment, number, toRead);
    }
  }

  /** Once all segments are covered: reads what shapes stand for, in columns that are not certain throughout. */
  async complete(): Promise<void> {
    for (const [number, segment] of this.#segments.entries()) {
      const isDue = (column: Column): boolean =>
        !column.isText && column.whole.size > 0 && column.certain.has(number) && !column.whole.has(number);
      await this.#read(segment, number, this.#columns.filter(isDue));
    }
  }

  /** The shapes without those of irregular records, which are rejected. */
  async #withShapes(segment: CsvSegment): Promise<CsvSegment> {
    const source = this.#file.source([segment]);
    const [shapes = segment.shapes] = await this.#csvReader.scanRegularShapes({ source }, { signal: this.#signal });
    this.#file.noteRegularShapes(segment, shapes);
    return { ...segment, shapes };
  }

  #evidenceOf({ whole, sampled, certain }: Column): ColumnEvidence {
    const parts = this.#segments.flatMap((_, number) => {
      const all = whole.get(number);
      return all === undefined ? [sampled.get(number) ?? [], certain.get(number) ?? []].flat() : [all];
    });
    return mergeEvidence(parts);
  }

  /** Reads the first records for the columns of which no value is known. */
  async #sample(segment: CsvSegment, number: number): Promise<void> {
    const isUnknown = (column: Column): boolean =>
      !column.isText &&
      !isEmptyColumn(segment.shapes[column.index] ?? []) &&
      this.#evidenceOf(column).values.size === 0;
    const unknown = this.#columns.filter(isUnknown);
    const found = await this.#collect(segment, unknown, SAMPLE_RECORDS);
    const isWhole = segment.records <= SAMPLE_RECORDS;
    for (const [index, column] of unknown.entries()) {
      const evidence = found[index] ?? noEvidence();
      (isWhole ? column.whole : column.sampled).set(number, evidence);
      column.isText = column.type === null && column.pattern === null && isSurelyText(evidence);
    }
  }

  /** Notes what the shapes of a column say of it. @returns false if its values have to be read */
  #isCovered(column: Column, segment: CsvSegment, number: number): boolean {
    if (column.isText || column.whole.has(number)) return true;
    const shapes = segment.shapes[column.index] ?? [];
    if (isEmptyColumn(shapes)) return true;
    if (!this.#trustsShapes || column.pattern !== null) return false;
    if (column.type !== null && !hasShapeOf(column.type, shapes)) return false;
    const readings = readingsOfShapes(shapes);
    // They may all look like 1.250, which is a number with a decimal comma, too.
    const isAnyDecimal = shapes.includes('decimal') && !shapes.includes('whole');
    if (readings === 0 || (isAnyDecimal && !hasSurelyPoint(this.#evidenceOf(column)))) return false;
    const sampled = valuesWhere(column.sampled.get(number) ?? noEvidence(), () => true)?.count ?? 0;
    const values = { count: Math.max(1, segment.records - sampled), line: Number.MAX_SAFE_INTEGER, text: '' };
    column.certain.set(number, { ...noEvidence(), values: new Map([[readings, values]]) });
    return true;
  }

  async #read(segment: CsvSegment, number: number, columns: readonly Column[]): Promise<void> {
    const found = await this.#collect(segment, columns, null);
    for (const [index, column] of columns.entries()) column.whole.set(number, found[index] ?? noEvidence());
  }

  async #collect(
    segment: CsvSegment,
    columns: readonly Column[],
    maxRecords: number | null,
  ): Promise<readonly ColumnEvidence[]> {
    if (columns.length === 0) return [];
    const request = {
      source: this.#file.source([segment]),
      columns: columns.map(({ index, pattern }) => ({ index, pattern, maxRecords })),
      nulls: [...nullsOf(this.#options)],
    };
    return this.#csvReader.collectEvidence(request, { signal: this.#signal });
  }
}

/** Whether a value can only be text, and too few can be anything else for a warning that counts them. */
function isSurelyText(evidence: ColumnEvidence): boolean {
  const texts = valuesWhere(evidence, (readings) => readings === 0)?.count ?? 0;
  const all = valuesWhere(evidence, () => true)?.count ?? 0;
  return texts > 0 && (all - texts) * 2 < all;
}

function hasSurelyPoint(evidence: ColumnEvidence): boolean {
  return valuesWhere(evidence, (bits) => (bits & SURELY_NUMBER) !== 0 && (bits & AMBIGUOUS_NUMBER) === 0) !== null;
}

/** What a plan is made of. */
export type PlanEvidence = Pick<FileEvidence, 'columns' | 'hasTexts'>;
