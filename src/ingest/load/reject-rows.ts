import type { Upload } from '../../catalog/upload.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { CsvReader, FoundRejectedRows } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { StorageFailure } from '../../model/storage-failure.ts';
import { type RejectedRows, rejectJson } from '../spool/rejected-rows.ts';
import type { FileToLoad } from './file-to-load.ts';
import type { ParsePlan } from './parse-plan.ts';

/** How many rejected rows the problem rows_rejected lists. */
const LISTED_ROWS = 100;

export interface RejectRowsDeps {
  readonly csvReader: CsvReader;
  readonly rejects: RejectedRows;
}

/** The records of a file without its rejected rows. */
export interface KeptRecords {
  readonly segments: readonly CsvSegment[];
  readonly rejected: number;
}

/**
 * Finds the records that cannot become rows, which made the store fail, and writes them down.
 *
 * @returns the other records, if the upload skips rejected rows
 * @throws Problem rows_rejected if it does not, or no record is left; the failure itself if no record is to blame
 */
export async function rejectRows(
  { csvReader, rejects }: RejectRowsDeps,
  { id, options }: Upload,
  file: FileToLoad,
  { formats }: ParsePlan,
  failure: StorageFailure,
  signal: AbortSignal,
): Promise<KeptRecords> {
  const keep = options.onError === 'skip';
  const source = file.source(await file.feed.all());
  const { origin } = await file.feed.file;
  const found = await csvReader.findRejectedRows(
    { source, formats, exact: file.decidesTypes, limit: LISTED_ROWS, origin, ...rejects.pathsOf(id), keep },
    { signal },
  );
  await rejects.sync();
  failpoint('rejected_rows_found');
  if (found.rejected === 0) throw failure;
  if (keep && found.rejected < found.records) return { segments: found.kept, rejected: found.rejected };
  throw rowsRejected(found);
}

function rowsRejected({ records, rejected, rejectedRows }: FoundRejectedRows): Problem {
  const rows = { rows_in_file: records, rejected, rejects: rejectedRows.map(rejectJson) };
  const summary = `${rejected} of ${records} rows do not fit the table.`;
  const [first] = rejectedRows;
  if (!first) return new Problem('rows_rejected', summary, rows);
  const column = first.column === null ? '' : `, column '${first.column}'`;
  const example = `Line ${first.line}${column}: ${first.message}: ${JSON.stringify(first.text)}.`;
  return new Problem('rows_rejected', `${summary} ${example}`, rows);
}
