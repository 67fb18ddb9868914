import type { Micros } from '../../catalog/table-state.ts';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { Claim } from '../../catalog/upload-queue.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { LoadSession, LoadSummary, TableStore } from '../../table-store/table-store.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { RejectedRows } from '../spool/rejected-rows.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import { mayBlameRows } from './failure-verdict.ts';
import { FileToLoad } from './file-to-load.ts';
import type { Lease } from './lease.ts';
import { isSamePlan, type ParsePlan, planParse, planParseThoroughly } from './parse-plan.ts';
import { type KeptRecords, rejectRows } from './reject-rows.ts';

export interface AttemptDeps {
  readonly tables: Pick<TableStore, 'begin'>;
  readonly csvReader: CsvReader;
  readonly rejects: RejectedRows;
  readonly progress: ProgressBoard;
}

/** One attempt to load a file into the table of its customer. */
export class Attempt {
  readonly #deps: AttemptDeps;
  readonly #claim: Claim;
  readonly #lease: Lease;
  readonly #file: FileToLoad;
  readonly #signal: AbortSignal;
  #session: LoadSession | null = null;
  #isCommitting = false;
  /** Null if every record of the file is loaded. */
  #kept: KeptRecords | null = null;

  /** @throws Problem columns_differ */
  constructor(deps: AttemptDeps, claim: Claim, lease: Lease, feed: SegmentFeed, signal: AbortSignal) {
    this.#deps = deps;
    this.#claim = claim;
    this.#lease = lease;
    this.#file = new FileToLoad(feed, claim.customer);
    this.#signal = signal;
  }

  /**
   * Segments → parse plan → rows under the attempt tag → counted and durable → committed in the catalog.
   *
   * @returns the number of rows that became visible, or would have without the dry run
   * @throws Problem if the file is to blame; StorageFailure, LeaseLost
   */
  async run(): Promise<number> {
    const { csvReader } = this.#deps;
    this.#showProgress(0);
    let plan = await planParse(csvReader, this.#file, this.#signal);
    failpoint('formats_found');
    let appended = await this.#load(plan);
    if (appended instanceof StorageFailure && !plan.isThorough) {
      // A later record may not fit what the first ones have shown.
      const thoroughPlan = await planParseThoroughly(csvReader, this.#file, this.#signal);
      if (!isSamePlan(thoroughPlan, plan)) {
        plan = thoroughPlan;
        await this.#startOver();
        appended = await this.#load(plan);
      }
    }
    if (appended instanceof StorageFailure) {
      this.#kept = await rejectRows(this.#deps, this.#claim.upload, this.#file, plan, appended, this.#signal);
      await this.#startOver();
      appended = await this.#load(plan);
      if (appended instanceof StorageFailure) throw appended;
    }
    const received = await this.#file.feed.file;
    const summary = await this.#makeDurable();
    failpoint('rows_durable');
    refuseOtherCounts(received, appended, this.#kept?.rejected ?? 0, summary);
    await this.#commit(plan, received, summary);
    return summary.rows;
  }

  /**
   * Removes the rows, unless a commit was tried: it may have been made even if it seemed to fail.
   *
   * @returns whether the rows are removed, so that the tag can be forgotten
   */
  async rollBack(): Promise<boolean> {
    if (this.#isCommitting) return false;
    await this.#session?.rollBack();
    this.#session = null;
    return true;
  }

  /** @returns the number of rows appended; the failure, if a row may be to blame for it */
  async #load(plan: ParsePlan): Promise<number | StorageFailure> {
    const { customer } = this.#claim;
    const session = await this.#deps.tables.begin({
      customerId: customer.id,
      tag: this.#lease.tag,
      columns: plan.columns,
      formats: plan.formats,
      timeColumn: plan.timeColumn,
      create: customer.table === null,
      exact: this.#file.decidesTypes,
    });
    this.#session = session;
    failpoint('load_started');
    let taken = 0;
    let rows = 0;
    this.#showProgress(0);
    for (;;) {
      const segments = this.#kept ? this.#kept.segments.slice(taken) : await this.#file.feed.after(taken);
      if (segments.length === 0) return rows;
      failpoint('segment_appending');
      try {
        if (segments.some(({ irregular }) => irregular)) throw wrongFieldCount();
        rows += await session.append(this.#file.source(segments), {
          signal: this.#signal,
          onProgress: (share) => this.#showProgress(rows + share * recordsIn(segments)),
        });
        failpoint('segment_appended');
        this.#showProgress(rows);
      } catch (failure) {
        if (mayBlameRows(failure)) return failure;
        throw failure;
      }
      taken += segments.length;
    }
  }

  #showProgress(rows: number): void {
    this.#deps.progress.read(this.#claim.upload.id, rows);
  }

  async #startOver(): Promise<void> {
    await this.rollBack();
    await this.#lease.changeTag();
    failpoint('attempt_restarted');
  }

  #makeDurable(): Promise<LoadSummary> {
    if (!this.#session) throw new Error('no load has started');
    return this.#session.commit();
  }

  async #commit(plan: ParsePlan, received: ReceivedFile, summary: LoadSummary): Promise<void> {
    const firstRowAt = await this.#findFirstTime(plan);
    const { dryRun } = this.#claim.upload.options;
    // Before the commit, after which the customer's next upload can start.
    if (dryRun) await this.rollBack();
    this.#isCommitting = true;
    failpoint('committing');
    await this.#lease.commit({
      columns: plan.columns,
      timeColumn: plan.timeColumn,
      rows: summary.rows,
      dryRun,
      firstRowAt,
      earliestAt: summary.earliestAt,
      latestAt: summary.latestAt,
      receipt: {
        rowsInFile: received.records,
        appended: summary.rows,
        rejected: this.#kept?.rejected ?? 0,
        columns: plan.formats,
        warnings: [...received.warnings, ...headerWarnings(received, this.#file), ...plan.warnings],
      },
    });
    failpoint('committed');
    if (dryRun) await this.#lease.forgetTag();
  }

  async #findFirstTime({ formats, timeColumn }: ParsePlan): Promise<Micros | null> {
    if (timeColumn === null) return null;
    const source = this.#file.source(this.#kept?.segments ?? (await this.#file.feed.all()));
    return this.#deps.csvReader.findFirstTime({ source, formats, timeColumn }, { signal: this.#signal });
  }
}

/** The store is not asked: DuckDB would drop the surplus fields that are empty, which may shift the values of a row. */
function wrongFieldCount(): StorageFailure {
  return new StorageFailure('rows_do_not_fit', 'A record has more or fewer fields than there are columns.');
}

function recordsIn(segments: readonly CsvSegment[]): number {
  return segments.reduce((sum, { records }) => sum + records, 0);
}

/** A file with text columns only may lack a header: then its first row became the column names. */
function headerWarnings({ columns, headerGuessed }: ReceivedFile, { tableColumns }: FileToLoad): readonly string[] {
  // If the table has columns of these names, the first line is no row.
  if (!headerGuessed || tableColumns !== null) return [];
  const names = columns.map((name) => `'${name}'`).join(', ');
  return [
    `The first line (${names}) was taken as the header, although every column is text. If it is a row, undo this upload and send the file with header=false.`,
  ];
}

/** The record cutter, the appends and the table must agree on the number of rows. @throws Problem count_mismatch */
function refuseOtherCounts(received: ReceivedFile, appended: number, rejected: number, { rows }: LoadSummary): void {
  if (rows === appended && appended + rejected === received.records) return;
  throw new Problem(
    'count_mismatch',
    `The file has ${received.records} records; ${appended} were appended, ${rejected} rejected, and the table holds ${rows}.`,
    { records: received.records, appended, rejected, stored: rows },
  );
}
