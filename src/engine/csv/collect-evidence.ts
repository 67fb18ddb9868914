import { quoteCode } from '../../csv/dialect.ts';
import { type FoundFields, RECORD_PLACES } from '../../csv/field-index.ts';
import type { CsvRecord } from '../../csv/record-reader.ts';
import { segmentFields } from '../../csv/segment-fields.ts';
import { EvidenceCollector } from '../../csv/values/column-evidence.ts';
import type { Operations } from '../operations.ts';
import type { EngineOperations } from '../protocol.ts';

type Request = EngineOperations['collect_evidence']['params'];

interface RequestedColumn {
  readonly index: number;
  readonly maxRecords: number;
  readonly collector: EvidenceCollector;
}

/** Records that are malformed, or have too few or too many fields, are left out: they are rejected. */
export const collectEvidence: Operations['collect_evidence'] = async (params, { signal, progress }) => {
  const { dialect, segments } = params.source;
  const columns = new RequestedColumns(params);
  for (const [index, segment] of segments.entries()) {
    for await (const { parts } of segmentFields(segment, dialect, columns.wanted)) {
      signal.throwIfAborted();
      for (const part of parts) {
        if (part.fields === null) columns.addRecords(part.records);
        else columns.addFields(part.fields, part.line);
        if (columns.areSatisfied) break;
      }
      if (columns.areSatisfied) break;
    }
    if (columns.areSatisfied) break;
    progress((index + 1) / segments.length);
  }
  return columns.evidence;
};

/** The columns that evidence is collected of, until each has as many records as it needs. */
class RequestedColumns {
  /** By column of the file: whether its fields are still needed. */
  readonly wanted: boolean[];
  readonly #width: number;
  readonly #quote: number;
  readonly #all: readonly RequestedColumn[];
  #active: readonly RequestedColumn[];
  #records = 0;
  /** The number of records at which the next of the columns has enough. */
  #until: number;

  constructor({ source, columns, nulls }: Request) {
    const words = new Set(nulls);
    this.#width = source.columns.length;
    this.#quote = quoteCode(source.dialect);
    this.#all = columns.map(({ index, pattern, maxRecords }) => ({
      index,
      maxRecords: maxRecords ?? Number.POSITIVE_INFINITY,
      collector: new EvidenceCollector(words, pattern),
    }));
    this.#active = this.#all;
    this.#until = Math.min(...this.#all.map(({ maxRecords }) => maxRecords));
    this.wanted = source.columns.map((_, index) => this.#all.some((column) => column.index === index));
  }

  get areSatisfied(): boolean {
    return this.#active.length === 0;
  }

  get evidence() {
    return this.#all.map(({ collector }) => collector.evidence);
  }

  addRecords(records: Iterable<CsvRecord>): void {
    for (const { fields, line, malformed } of records) {
      if (malformed !== null || fields.length !== this.#width) continue;
      this.#dropSatisfied();
      if (this.areSatisfied) return;
      this.#records++;
      for (const { index, collector } of this.#active) collector.add(fields[index] as string | null, line);
    }
  }

  addFields({ text, places, records, wanted }: FoundFields, line: number): void {
    const stride = RECORD_PLACES + 2 * wanted;
    // Where the places of each column are. Those of columns that are dropped in between stay where they are.
    const placesOf = this.wanted.map(
      (_, index) => RECORD_PLACES + 2 * this.wanted.slice(0, index).filter((isWanted) => isWanted).length,
    );
    for (let place = 0; place < records * stride; place += stride) {
      this.#dropSatisfied();
      if (this.areSatisfied) return;
      this.#records++;
      const recordLine = line + (places[place] as number);
      for (const { index, collector } of this.#active) {
        const at = place + (placesOf[index] as number);
        collector.addField(text, places[at] as number, places[at + 1] as number, this.#quote, recordLine);
      }
    }
  }

  /** Drops columns that have as many records as they need. */
  #dropSatisfied(): void {
    if (this.#records < this.#until) return;
    this.#active = this.#active.filter(({ maxRecords }) => maxRecords > this.#records);
    this.#until = Math.min(...this.#active.map(({ maxRecords }) => maxRecords));
    for (const { index } of this.#all) this.wanted[index] = this.#active.some((column) => column.index === index);
  }
}
