import { type SampleRow, SampleRows } from '../../csv/sample-rows.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import type { FileToLoad } from './file-to-load.ts';
import type { ParsePlan } from './parse-plan.ts';

/** How much of a file is searched for rows that fit. */
const MAX_RECORDS = 10_000;

/** The first rows of a file, as texts and as the values that the plan gives. */
export async function firstRows(file: FileToLoad, plan: ParsePlan, signal: AbortSignal): Promise<readonly SampleRow[]> {
  const { dialect, columns, segments } = file.source(await file.feed.all(signal));
  const sample = new SampleRows(plan.file);
  let records = 0;
  for (const segment of segments) {
    for await (const batch of segmentRecords(segment, dialect, columns.length)) {
      for (const record of batch.records) {
        sample.add(record);
        if (sample.isFull || ++records === MAX_RECORDS) return sample.rows;
      }
    }
  }
  return sample.rows;
}
