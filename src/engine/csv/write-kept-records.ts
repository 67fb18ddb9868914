import type { CsvRecord } from '../../csv/record-reader.ts';
import { type CsvSegment, withMark } from '../../csv/segment.ts';
import { BufferedFile } from './buffered-file.ts';

/**
 * Writes the records of a segment that are not rejected to a new segment next to it.
 *
 * @param bytes the segment's text
 * @param rejected in line order
 * @returns the segment itself if no record is rejected; none if all are
 */
export async function writeKeptRecords(
  segment: CsvSegment,
  bytes: Buffer,
  rejected: readonly CsvRecord[],
): Promise<readonly CsvSegment[]> {
  if (rejected.length === 0) return [segment];
  const records = segment.records - rejected.length;
  if (records === 0) return [];
  const path = `${segment.path}.kept`;
  const file = await BufferedFile.create(path);
  let length = 0;
  let from = 0;
  const keep = async (to: number): Promise<void> => {
    const kept = bytes.subarray(from, to);
    for (const part of length === 0 ? withMark(kept) : [kept]) {
      length += part.length;
      await file.write(part);
    }
  };
  try {
    for (const record of rejected) {
      await keep(record.byteOffset);
      from = record.byteOffset + record.bytes + 1;
    }
    await keep(bytes.length);
  } finally {
    await file.close();
  }
  return [{ ...segment, path, bytes: length, records, irregular: false }];
}
