import { readFile } from 'node:fs/promises';
import { type CsvRecord, readRecords } from '../../csv/record-reader.ts';
import { type CsvOrigin, type CsvSegment, withoutMark } from '../../csv/segment.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { Operations } from '../operations.ts';
import { RecordChecker, type RejectedRecord } from './record-checker.ts';
import { RejectedRowFiles } from './rejected-row-files.ts';
import { writeKeptRecords } from './write-kept-records.ts';

const BATCH_RECORDS = 10_000;

/**
 * Reads the records one by one, and not with DuckDB's CSV reader, which reports no line numbers for values that a cast rejects.
 * The values themselves are checked by the same SQL that loads them.
 */
export const findRejectedRows: Operations['find_rejected_rows'] = async (params, { duckdb, signal, progress }) => {
  const { source, formats, exact, limit, origin } = params;
  const tally = { lineEnds: 0 };
  let bytesBefore = 0;
  let records = 0;
  let rejected = 0;
  const rejectedRows: RejectedRow[] = [];
  const kept: CsvSegment[] = [];
  const files = await RejectedRowFiles.create(params);
  try {
    await duckdb.connected(signal, async (connection) => {
      const checker = await RecordChecker.open(connection, formats, exact);
      try {
        for (const [index, segment] of source.segments.entries()) {
          const bytes = withoutMark(await readFile(segment.path));
          const found: CsvRecord[] = [];
          const note = async ({ record, row }: RejectedRecord): Promise<void> => {
            rejected++;
            found.push(record);
            const located = { ...row, byteOffset: origin && offsetInFile(origin, bytesBefore, record) };
            if (rejectedRows.length < limit) rejectedRows.push(located);
            await files.write(located, bytes.subarray(record.byteOffset, record.byteOffset + record.bytes));
          };
          for (const batch of batches(readRecords(bytes, source.dialect, formats.length, segment.firstLine, tally))) {
            records += batch.length;
            for (const each of await checker.rejected(batch, bytes)) await note(each);
            signal.throwIfAborted();
          }
          if (params.keep) kept.push(...(await writeKeptRecords(segment, bytes, found)));
          bytesBefore += bytes.length;
          progress((index + 1) / source.segments.length);
        }
      } finally {
        await checker.close();
      }
    });
  } finally {
    await files.close();
  }
  return { records, rejected, rejectedRows, kept };
};

/** Byte offset of a record in the decompressed file. @param bytesBefore of the segments before the record's */
function offsetInFile({ byteOffset, newlineBytes }: CsvOrigin, bytesBefore: number, record: CsvRecord): number {
  return byteOffset + bytesBefore + record.byteOffset + (newlineBytes - 1) * record.lineEndsBefore;
}

function* batches(records: Iterable<CsvRecord>): Generator<readonly CsvRecord[], void> {
  let batch: CsvRecord[] = [];
  for (const record of records) {
    if (batch.push(record) < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
