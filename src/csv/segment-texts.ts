import { open } from 'node:fs/promises';
import { countLineFeeds } from './newlines.ts';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment } from './segment.ts';

/** How much of a segment is read at once, in addition to an incomplete record. */
const READ_BYTES = 1024 * 1024;

/** Consecutive bytes of a segment that begin with a record. */
export interface SegmentText {
  /** Its memory is reused for the next text. */
  readonly text: Buffer;
  /** Offset in the segment's text. */
  readonly offset: number;
  /** Of the file, on which it begins. */
  readonly line: number;
  /** Whether it is the last one. */
  readonly isLast: boolean;
  /** How many of its bytes are complete records: the next text begins behind them. To be set by the reader. */
  taken: number;
}

/** Reads a segment in texts of about a megabyte, so that memory does not depend on its size, and other work gets its turn in between. */
export async function* segmentTexts(segment: CsvSegment): AsyncGenerator<SegmentText, void> {
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
      const isLast = bytesRead === 0;
      if (position === 0 && beginsWithMark(buffer.subarray(0, bytesRead))) {
        buffer.copyWithin(0, BYTE_ORDER_MARK.length, bytesRead);
        length -= BYTE_ORDER_MARK.length;
      }
      position += bytesRead;
      length += bytesRead;
      if (isLast && length === 0) return;
      const text = buffer.subarray(0, length);
      const next = { text, offset, line, isLast, taken: length };
      yield next;
      if (isLast) return;
      line += countLineFeeds(text.subarray(0, next.taken));
      offset += next.taken;
      length = buffer.copy(buffer, 0, next.taken, length);
    }
  } finally {
    await file.close();
  }
}
