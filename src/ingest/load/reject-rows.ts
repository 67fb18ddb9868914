import type { Upload } from '../../catalog/upload.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { CsvReader, FoundRejectedRows } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { RejectFiles } from '../spool/reject-files.ts';
import { rejectJson } from '../spool/rejected-rows.ts';
import type { FileToLoad } from './file-to-load.ts';
import type { Lease } from './lease.ts';
import type { ParsePlan } from './parse-plan.ts';
import { rejectionHint } from './rejection-hint.ts';

/** How many rejected rows the problem rows_rejected lists. */
const LISTED_ROWS = 100;

export interface RejectRowsDeps {
  readonly csvReader: CsvReader;
  readonly rejectFiles: RejectFiles;
  /** Maximum number of rejected rows to store. All of them are counted. */
  readonly maxRejectedRows: number;
}

export interface HowToReject {
  readonly lease: Pick<Lease, 'requireHeld'>;
  readonly inexactIntegers: ReadonlySet<string>;
}

/** The records of a file without its rejected rows. */
export interface KeptRecords {
  readonly segments: readonly CsvSegment[];
  readonly rejected: number;
  /** How many of the rejected rows are stored. */
  readonly stored: number;
}

/**
 * Finds the records that cannot become rows, and writes them down.
 *
 * @returns the other records, if the upload skips rejected rows or none is rejected
 * @throws Problem rows_rejected if it does not, or no record is left; LeaseLost
 */
export async function rejectRows(
  { csvReader, rejectFiles, maxRejectedRows }: RejectRowsDeps,
  { id, options }: Upload,
  file: FileToLoad,
  plan: ParsePlan,
  signal: AbortSignal,
  { lease, inexactIntegers }: HowToReject,
): Promise<KeptRecords> {
  const keep = options.onError === 'skip';
  const source = file.source(await file.feed.all(signal));
  const { origin } = await file.feed.file;
  let found: FoundRejectedRows;
  try {
    found = await csvReader.findRejectedRows(
      {
        ...plan.file,
        source,
        maxListed: LISTED_ROWS,
        maxStored: maxRejectedRows,
        origin,
        ...rejectFiles.draft(id),
        keep,
      },
      { signal },
    );
    // Otherwise those that are found may be of a later attempt.
    await lease.requireHeld();
  } catch (failure) {
    // Nobody else removes it as long as this process runs.
    await rejectFiles.discardDraft(id);
    throw failure;
  }
  if (found.rejected === 0) {
    await rejectFiles.remove(id);
    return { segments: source.segments, rejected: 0, stored: 0 };
  }
  await rejectFiles.publish(id);
  failpoint('rejected_rows_found');
  const stored = Math.min(found.rejected, maxRejectedRows);
  if (keep && found.rejected < found.records) return { segments: found.kept, rejected: found.rejected, stored };
  const hint = rejectionHint(found.rejectedRows, {
    customer: file.customer,
    options,
    file: plan.file,
    inexactIntegers,
  });
  throw rowsRejected(found, stored, hint);
}

function rowsRejected({ records, rejected, rejectedRows }: FoundRejectedRows, stored: number, hint: string): Problem {
  const rows = { rows_in_file: records, rejected, rejects: rejectedRows.map(rejectJson), hint };
  const summary = `${rejected} of ${records} rows do not fit the table.${storedSentence(rejected, stored)}`;
  const [first] = rejectedRows;
  if (!first) return new Problem('rows_rejected', summary, rows);
  const column = first.column === null ? '' : `, column '${first.column}'`;
  const example = `Line ${first.line}${column}: ${JSON.stringify(first.text)} ${first.message}.`;
  return new Problem('rows_rejected', `${summary} ${example}`, rows);
}

/** '' if all rejected rows are stored. */
export function storedSentence(rejected: number, stored: number): string {
  return stored === rejected ? '' : ` The first ${stored} rejected rows are kept.`;
}
