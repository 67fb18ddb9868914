import type { CsvDialect } from './dialect.ts';
import { FieldIndex, type FoundFields } from './field-index.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';
import type { CsvSegment } from './segment.ts';
import { wholeRecords } from './segment-records.ts';
import { type SegmentText, segmentTexts } from './segment-texts.ts';

/** Consecutive records: regular ones, whose fields are found in the text, or any, read one by one. */
export type FieldsPart = { readonly line: number } & (
  | { readonly fields: FoundFields }
  | { readonly fields: null; readonly text: Buffer; readonly records: Iterable<CsvRecord> }
);

export interface FieldsBatch {
  /** Each has to be read before the next one is requested, and without waiting for anything in between. */
  readonly parts: Iterable<FieldsPart>;
  /** How much of the segment has been read behind it. */
  readonly end: number;
}

/**
 * Reads the fields of some columns of a segment. Ten times as fast as `segmentRecords` if its records are regular.
 *
 * @param wanted by column: whether its fields are read. It may change from one part to the next
 */
export async function* segmentFields(
  segment: CsvSegment,
  dialect: CsvDialect,
  wanted: readonly boolean[],
): AsyncGenerator<FieldsBatch, void> {
  const index = new FieldIndex(dialect, wanted.length);
  for await (const text of segmentTexts(segment))
    yield { parts: partsOf(text, dialect, index, wanted), end: text.offset + text.text.length };
}

function* partsOf(
  whole: SegmentText,
  dialect: CsvDialect,
  index: FieldIndex,
  wanted: readonly boolean[],
): Generator<FieldsPart, void> {
  let start = 0;
  let line = whole.line;
  while (start < whole.text.length) {
    const text = whole.text.subarray(start);
    const fields = index.find(text, wanted);
    const { bytes, lineFeeds, isOddNext } = fields;
    if (fields.records > 0) yield { fields, line };
    start += bytes;
    line += lineFeeds;
    if (bytes > 0 && !isOddNext) continue;
    if (!isOddNext && !whole.isLast && text.length < fields.text.length) {
      // The last record is incomplete.
      whole.taken = start;
      return;
    }
    const rest = whole.text.subarray(start);
    const tally = { lineEnds: 0 };
    const records = readRecords(rest, dialect, wanted.length, line, tally, wanted);
    yield { fields: null, line, text: rest, records: wholeRecords(records, whole, start, tally) };
    return;
  }
}
