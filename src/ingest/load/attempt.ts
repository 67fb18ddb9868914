import type { Micros } from '../../catalog/table-state.ts';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { Claim } from '../../catalog/upload-queue.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { FormatDecision } from '../../csv/values/decide-formats.ts';
import { ambiguousTimesWarning } from '../../csv/values/format-warnings.ts';
import type { ValueOptions } from '../../csv/values/value-options.ts';
import { addValues, type Values } from '../../csv/values/values.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { Appended, LoadSession, LoadSummary, TableStore } from '../../table-store/table-store.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { RejectedRows } from '../spool/rejected-rows.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import { mayBlameRows } from './failure-verdict.ts';
import { FileEvidence } from './file-evidence.ts';
import { FileToLoad } from './file-to-load.ts';
import type { Lease } from './lease.ts';
import { decidePlan, isSamePlan, type ParsePlan, planOf } from './parse-plan.ts';
import { type KeptRecords, rejectRows, storedSentence } from './reject-rows.ts';
import { valueOptionsOf } from './value-options.ts';

export interface AttemptDeps {
  readonly tables: Pick<TableStore, 'begin'>;
  readonly csvReader: CsvReader;
  readonly rejects: RejectedRows;
  /** Maximum number of rejected rows of an upload to store. */
  readonly maxRejectedRows: number;
  readonly progress: ProgressBoard;
}

/** One attempt to load a file into the table of its customer. */
export class Attempt {
  readonly #deps: AttemptDeps;
  readonly #claim: Claim;
  readonly #lease: Lease;
  readonly #file: FileToLoad;
  readonly #signal: AbortSignal;
  readonly #options: ValueOptions;
  readonly #evidence: FileEvidence;
  /** Local times that clocks showed twice, by segment and column. */
  #ambiguousTimes: Appended['ambiguousTimes'][number][] = [];
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
    this.#options = valueOptionsOf(claim.upload.options, claim.customer);
    this.#evidence = new FileEvidence(deps.csvReader, this.#file, this.#options, signal);
  }

  /**
   * Segments → parse plan → rows under the attempt tag → counted and durable → committed in the catalog.
   *
   * @returns the number of rows that became visible, or would have without the dry run
   * @throws Problem if the file is to blame; StorageFailure, LeaseLost
   */
  async run(): Promise<number> {
    this.#showProgress(0);
    let plan = await this.#planEarly();
    failpoint('formats_found');
    let appended = await this.#loadAndComplete(plan);
    while (isPlan(appended)) {
      plan = appended;
      await this.#startOver();
      appended = await this.#loadAndComplete(plan);
    }
    if (appended === 'rows_do_not_fit') {
      this.#kept = await rejectRows(this.#deps, this.#claim.upload, this.#file, plan, this.#signal);
      appended = await this.#loadKept(plan);
    }
    const received = await this.#file.feed.file;
    const summary = await this.#makeDurable();
    failpoint('rows_durable');
    refuseOtherCounts(received, appended, this.#kept?.rejected ?? 0, summary);
    await this.#commit(this.#finalPlan(plan), received, summary);
    return summary.rows;
  }

  /** Loads the records that are not rejected: all of their values were judged. */
  async #loadKept(plan: ParsePlan): Promise<number> {
    for (const trustShapes of [true, false]) {
      await this.#startOver();
      const rows = await this.#load({ ...plan, trustShapes });
      if (typeof rows === 'number') return rows;
      // DuckDB may not read what the parsers read, such as 24:00:00.
      if (!trustShapes && rows instanceof StorageFailure) throw rows;
    }
    throw new Error('the kept records could not be loaded');
  }

  /** Plans by the segments that are complete; if they leave a question open, by all of the file. */
  async #planEarly(): Promise<ParsePlan> {
    const { feed } = this.#file;
    const segments = await feed.after(0, this.#signal);
    await this.#evidence.cover(segments);
    if (!feed.isComplete || feed.length > segments.length) {
      const decision = this.#decide();
      if (decision.questions.length === 0) return this.#planOf(decision);
      await this.#evidence.cover((await feed.all(this.#signal)).slice(segments.length));
    }
    await this.#evidence.complete();
    return this.#planOf(this.#decide());
  }

  #decide(): FormatDecision {
    return decidePlan(this.#file, this.#evidence, this.#options);
  }

  #planOf(decision: FormatDecision): ParsePlan {
    return planOf(this.#file, this.#evidence, this.#options, decision);
  }

  /** The same formats, with the warnings of the complete evidence. */
  #finalPlan(plan: ParsePlan): ParsePlan {
    return { ...this.#planOf(this.#decide()), file: plan.file };
  }

  /** @returns the number of rows; the plan to start over with; or that a row may be to blame for a failure under the best plan */
  async #loadAndComplete(plan: ParsePlan): Promise<number | ParsePlan | 'rows_do_not_fit'> {
    // Each value was read, and some do not fit.
    if (plan.rejected > 0 && this.#file.feed.isComplete && this.#isCovered) return 'rows_do_not_fit';
    const rows = await this.#load(plan);
    if (isPlan(rows)) return rows;
    if (rows === 'irregular') {
      await this.#coverAll();
      await this.#evidence.complete();
    } else if (rows instanceof StorageFailure) {
      if (!this.#evidence.trustsShapes) return 'rows_do_not_fit';
      // A later value may not be what the first ones have shown, or not be what its shape promises.
      await this.#coverAll();
      await this.#evidence.distrustShapes();
    } else {
      await this.#evidence.complete();
    }
    const better = this.#planOf(this.#decide());
    if (!isSamePlan(better, plan)) return better;
    return typeof rows === 'number' ? rows : 'rows_do_not_fit';
  }

  get #isCovered(): boolean {
    return this.#evidence.segments === this.#file.feed.length;
  }

  async #coverAll(): Promise<void> {
    await this.#evidence.cover((await this.#file.feed.all(this.#signal)).slice(this.#evidence.segments));
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

  /**
   * @returns the number of rows appended; `irregular` if records have too few or too many fields;
   *   the failure, if a row may be to blame for it; another plan, if a later segment needs it
   */
  async #load(plan: ParsePlan): Promise<number | StorageFailure | ParsePlan | 'irregular'> {
    const { customer } = this.#claim;
    const session = await this.#deps.tables.begin({
      customerId: customer.id,
      tag: this.#lease.tag,
      columns: plan.columns,
      file: plan.file,
      timeColumn: plan.timeColumn,
      create: customer.table === null,
      trustShapes: plan.trustShapes,
    });
    this.#session = session;
    this.#ambiguousTimes = [];
    failpoint('load_started');
    let taken = 0;
    let rows = 0;
    this.#showProgress(0);
    for (;;) {
      const segments = this.#kept ? this.#kept.segments.slice(taken) : await this.#file.feed.after(taken, this.#signal);
      if (segments.length === 0) return rows;
      if (!this.#kept && taken + segments.length > this.#evidence.segments) {
        await this.#evidence.cover(segments.slice(this.#evidence.segments - taken));
        const decision = this.#decide();
        // A question may be answered by a later segment.
        const next = decision.questions.length > 0 ? plan : this.#planOf(decision);
        if (!isSamePlan(next, plan)) return next;
      }
      failpoint('segment_appending');
      if (segments.some(({ irregular }) => irregular)) return 'irregular';
      try {
        const appended = await session.append(this.#file.source(segments), {
          signal: this.#signal,
          onProgress: (share) => this.#showProgress(rows + share * recordsIn(segments)),
        });
        rows += appended.rows;
        this.#countAmbiguous(appended);
        failpoint('segment_appended');
        this.#showProgress(rows);
      } catch (failure) {
        if (mayBlameRows(failure)) return failure;
        throw failure;
      }
      taken += segments.length;
    }
  }

  #countAmbiguous({ ambiguousTimes }: Appended): void {
    for (const { column, values } of ambiguousTimes) this.#ambiguousTimes.push({ column, values });
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
        columns: plan.file.columns,
        warnings: [
          ...received.warnings,
          ...headerWarnings(received, this.#file, plan),
          ...plan.warnings,
          ...ambiguousTimeWarnings(this.#ambiguousTimes, plan),
          ...rejectedWarnings(this.#kept),
        ],
        notes: plan.notes,
      },
    });
    failpoint('committed');
    if (dryRun) await this.#lease.forgetTag();
  }

  async #findFirstTime({ file, timeColumn }: ParsePlan): Promise<Micros | null> {
    if (timeColumn === null) return null;
    const source = this.#file.source(this.#kept?.segments ?? (await this.#file.feed.all(this.#signal)));
    return this.#deps.csvReader.findFirstTime({ ...file, source, timeColumn }, { signal: this.#signal });
  }
}

function recordsIn(segments: readonly CsvSegment[]): number {
  return segments.reduce((sum, { records }) => sum + records, 0);
}

function isPlan(outcome: unknown): outcome is ParsePlan {
  return typeof outcome === 'object' && outcome !== null && 'file' in outcome;
}

function ambiguousTimeWarnings(times: Appended['ambiguousTimes'], { file }: ParsePlan): readonly string[] {
  return file.columns.flatMap(({ name, format }) => {
    const own = times.filter(({ column }) => column === name);
    const all = own.reduce<Values | null>((sum, { values }) => addValues(sum, values), null);
    const timeZone = format.type === 'timestamp' ? format.timeZone : 'UTC';
    return ambiguousTimesWarning(name, timeZone, all)?.message ?? [];
  });
}

function rejectedWarnings(kept: KeptRecords | null): readonly string[] {
  const sentence = kept === null ? '' : storedSentence(kept.rejected, kept.stored).trim();
  return sentence === '' ? [] : [sentence];
}

/** A file with text columns only may lack a header: then its first row became the column names. */
function headerWarnings(
  { columns, headerGuessed }: ReceivedFile,
  { tableColumns }: FileToLoad,
  plan: ParsePlan,
): readonly string[] {
  // If the table has columns of these names, the first line is no row.
  if (!headerGuessed || tableColumns !== null || plan.columns.some(({ type }) => type !== 'text')) return [];
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
