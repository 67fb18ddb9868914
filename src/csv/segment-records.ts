import type { CsvDialect } from './dialect.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';
import type { CsvSegment } from './segment.ts';
import { type SegmentText, segmentTexts } from './segment-texts.ts';

/** Some consecutive records of a segment. */
export interface RecordBatch {
  /** Offsets of the records refer to it. Its memory is reused for the next batch. */
  readonly text: Buffer;
  readonly records: Iterable<CsvRecord>;
  /** Offset of the text in the segment's text. */
  readonly offset: number;
}

export interface SegmentRecordsOptions {
  /** As in `readRecords`. */
  readonly wanted?: readonly boolean[] | null;
  readonly tally?: { lineEnds: number };
}

/** Reads the records of a segment in batches. The records of a batch have to be read before the next batch is requested. */
export async function* segmentRecords(
  segment: CsvSegment,
  dialect: CsvDialect,
  columns: number,
  { wanted = null, tally = { lineEnds: 0 } }: SegmentRecordsOptions = {},
): AsyncGenerator<RecordBatch, void> {
  for await (const text of segmentTexts(segment)) {
    const records = readRecords(text.text, dialect, columns, text.line, tally, wanted);
    yield { text: text.text, records: wholeRecords(records, text, 0, tally), offset: text.offset };
  }
}

/**
 * Leaves out the last record, unless the text is the last one or it ends before the end of the text. Sets what is taken of the text.
 *
 * @param start where the first record begins in the text
 */
export function* wholeRecords(
  records: Iterable<CsvRecord>,
  text: SegmentText,
  start: number,
  tally: { lineEnds: number },
): Generator<CsvRecord, void> {
  for (const record of records) {
    if (!text.isLast && start + record.byteOffset + record.bytes >= text.text.length) {
      text.taken = start + record.byteOffset;
      tally.lineEnds = record.lineEndsBefore;
      return;
    }
    yield record;
  }
}
