import { open } from 'node:fs/promises';
import type { CsvDialect } from './dialect.ts';
import { countLineFeeds } from './newlines.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment } from './segment.ts';

/** How much of a segment is read at once, in addition to an incomplete record. */
const READ_BYTES = 1024 * 1024;

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

/**
 * Reads the records of a segment in batches of about a megabyte, so that memory does not depend on the size of the segment, and
 * other work gets its turn in between. The records of a batch have to be read before the next batch is requested.
 */
export async function* segmentRecords(
  segment: CsvSegment,
  dialect: CsvDialect,
  columns: number,
  { wanted = null, tally = { lineEnds: 0 } }: SegmentRecordsOptions = {},
): AsyncGenerator<RecordBatch, void> {
  const file = await open(segment.path);
  try {
    let buffer = Buffer.allocUnsafeSlow(READ_BYTES * 2);
    let length = 0;
    let position = 0;
    let offset = 0;
    let line = segment.firstLine;
    for (;;) {
      if (buffer.length - length < READ_BYTES) buffer = Buffer.concat([buffer], buffer.length * 2);
      const { bytesRead } = await file.read(buffer, length, READ_BYTES, position);
      const isEnd = bytesRead === 0;
      if (position === 0 && beginsWithMark(buffer.subarray(0, bytesRead))) {
        buffer.copyWithin(0, BYTE_ORDER_MARK.length, bytesRead);
        length -= BYTE_ORDER_MARK.length;
      }
      position += bytesRead;
      length += bytesRead;
      if (isEnd && length === 0) return;
      const text = buffer.subarray(0, length);
      const taken = { bytes: length };
      const records = wholeRecords(readRecords(text, dialect, columns, line, tally, wanted), text, isEnd, tally, taken);
      yield { text, records, offset };
      if (isEnd) return;
      line += countLineFeeds(text.subarray(0, taken.bytes));
      offset += taken.bytes;
      length = buffer.copy(buffer, 0, taken.bytes, length);
    }
  } finally {
    await file.close();
  }
}

/** Leaves out the last record, unless the text is the last one or it ends before the end of the text. */
function* wholeRecords(
  records: Iterable<CsvRecord>,
  text: Buffer,
  isEnd: boolean,
  tally: { lineEnds: number },
  taken: { bytes: number },
): Generator<CsvRecord, void> {
  for (const record of records) {
    if (!isEnd && record.byteOffset + record.bytes >= text.length) {
      taken.bytes = record.byteOffset;
      tally.lineEnds = record.lineEndsBefore;
      return;
    }
    yield record;
  }
}
