import { RecordChecker, recordText } from '../../csv/record-checker.ts';
import type { CsvRecord } from '../../csv/record-reader.ts';
import type { CsvOrigin, CsvSegment } from '../../csv/segment.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { Operations } from '../operations.ts';
import { KeptRecords } from './kept-records.ts';
import { RejectedRowFiles } from './rejected-row-files.ts';

/** One pass over all records, in bounded memory, however many of them are rejected. */
export const findRejectedRows: Operations['find_rejected_rows'] = async (params, { signal, progress }) => {
  const { source, origin, keep, maxListed, maxStored } = params;
  const { dialect, segments } = source;
  const width = source.columns.length;
  const checker = new RecordChecker(params);
  const tally = { lineEnds: 0 };
  const listed: RejectedRow[] = [];
  const kept: CsvSegment[] = [];
  let bytesBefore = 0;
  let records = 0;
  let rejected = 0;
  /** The last record of the previous batch. */
  let textBefore: string | null = null;
  const files = await RejectedRowFiles.create(params);
  try {
    for (const [index, segment] of segments.entries()) {
      checker.trust(segment.shapes);
      const keeper = new KeptRecords(segment, dialect, width);
      const rejectedBefore = rejected;
      let bytes = 0;
      try {
        const batches = segmentRecords(segment, dialect, width, { wanted: checker.wanted, tally });
        for await (const { text, offset, records: batch } of batches) {
          signal.throwIfAborted();
          const keepable = new Runs();
          let previous: CsvRecord | null = null;
          /** Null if it is not needed yet. */
          let previousText: string | null = null;
          bytes = offset + text.length;
          for (const record of batch) {
            records++;
            const end = Math.min(record.byteOffset + record.bytes + 1, text.length);
            const fault = checker.fault(record, text);
            const shown = files.awaitsNext ? recordText(text, record) : null;
            if (shown !== null) await files.writeBefore(shown);
            const [recordBefore, shownBefore] = [previous, previousText];
            previous = record;
            previousText = shown;
            if (fault === null) {
              keepable.add(record.byteOffset, end);
              continue;
            }
            rejected++;
            if (keep) await keeper.start(offset);
            if (rejected > maxStored) continue;
            const before = recordBefore === null ? textBefore : (shownBefore ?? recordText(text, recordBefore));
            const row = { ...fault, byteOffset: origin && offsetInFile(origin, bytesBefore + offset, record) };
            if (listed.length < maxListed) listed.push(row);
            files.add(row, before, Buffer.from(text.subarray(record.byteOffset, record.byteOffset + record.bytes)));
          }
          if (previous !== null) textBefore = recordText(text, previous);
          if (keep) for (const [from, to] of keepable.runs) await keeper.keep(text.subarray(from, to));
        }
        if (keep) kept.push(...(await keeper.end(rejected - rejectedBefore)));
      } catch (error) {
        await keeper.abandon();
        throw error;
      }
      bytesBefore += bytes;
      progress((index + 1) / segments.length);
    }
  } finally {
    await files.close();
  }
  return { records, rejected, rejectedRows: listed, kept };
};

/** Adjacent records, as one run of bytes. */
class Runs {
  readonly runs: [from: number, to: number][] = [];

  add(from: number, to: number): void {
    const last = this.runs.at(-1);
    if (last?.[1] === from) last[1] = to;
    else this.runs.push([from, to]);
  }
}

/** Byte offset of a record in the decompressed file. @param before bytes of all segments before the record's text */
function offsetInFile({ byteOffset, newlineBytes }: CsvOrigin, before: number, record: CsvRecord): number {
  return byteOffset + before + record.byteOffset + (newlineBytes - 1) * record.lineEndsBefore;
}
