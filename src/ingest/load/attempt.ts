import type { Micros } from '../../catalog/table-state.ts';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { Claim } from '../../catalog/upload-queue.ts';
import { refuseDeclarations } from '../../csv/values/refuse-declarations.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { LoadSummary } from '../../table-store/table-store.ts';
import type { RejectFiles } from '../spool/reject-files.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import { FileEvidence } from './file-evidence.ts';
import { FileToLoad } from './file-to-load.ts';
import { firstRows } from './first-rows.ts';
import { type Lease, LeaseLost } from './lease.ts';
import { receiptOf } from './loaded-receipt.ts';
import type { ParsePlan } from './parse-plan.ts';
import { PlannedLoad } from './planned-load.ts';
import { type KeptRecords, rejectRows } from './reject-rows.ts';
import { TableLoad, type TableLoadDeps } from './table-load.ts';
import { valueOptionsOf } from './value-options.ts';

export interface AttemptDeps extends TableLoadDeps {
  readonly csvReader: CsvReader;
  readonly rejectFiles: RejectFiles;
  /** Maximum number of rejected rows of an upload to store. */
  readonly maxRejectedRows: number;
}

/** One attempt to load a file into the table of its customer. */
export class Attempt {
  readonly #deps: AttemptDeps;
  readonly #claim: Claim;
  readonly #lease: Lease;
  readonly #file: FileToLoad;
  readonly #signal: AbortSignal;
  readonly #load: TableLoad;
  readonly #planned: PlannedLoad;
  #isCommitting = false;

  /** @throws Problem columns_differ, declared_type_conflict */
  constructor(deps: AttemptDeps, claim: Claim, lease: Lease, feed: SegmentFeed, signal: AbortSignal) {
    this.#deps = deps;
    this.#claim = claim;
    this.#lease = lease;
    this.#file = new FileToLoad(feed, claim.customer, claim.upload.options.timeColumn);
    this.#signal = signal;
    // The table may have been created after the file was received.
    refuseDeclarations(claim.upload.options.values.columns, this.#file.source([]).columns, this.#file.tableColumns);
    const options = valueOptionsOf(claim.upload.options, claim.customer);
    const evidence = new FileEvidence(deps.csvReader, this.#file, options, signal);
    this.#load = new TableLoad(deps, claim, lease, this.#file, signal);
    this.#planned = new PlannedLoad(this.#file, options, evidence, this.#load, signal);
  }

  /**
   * Segments → parse plan → rows under the attempt tag → counted and durable → committed in the catalog.
   *
   * @returns the number of rows that became visible, or would have without the dry run
   * @throws Problem if the file is to blame; StorageFailure, LeaseLost
   */
  async run(): Promise<number> {
    this.#deps.progress.read(this.#claim.upload.id, 0);
    const { plan, rows } = await this.#planned.run();
    let kept: KeptRecords | null = null;
    let appended = rows;
    if (appended === 'rows_do_not_fit') {
      ({ kept, rows: appended } = await this.#loadKept(plan));
    }
    const received = await this.#file.feed.file;
    const summary = await this.#load.makeDurable();
    failpoint('rows_durable');
    refuseOtherCounts(received, appended, kept?.rejected ?? 0, summary);
    await this.#commit(await this.#planned.final(plan), received, summary, kept);
    return summary.rows;
  }

  /** Loads the records that are not rejected. */
  async #loadKept(plan: ParsePlan): Promise<{ readonly kept: KeptRecords; readonly rows: number }> {
    const how = { lease: this.#lease, inexactIntegers: this.#planned.inexactIntegers };
    const kept = await rejectRows(this.#deps, this.#claim.upload, this.#file, plan, this.#signal, how);
    return { kept, rows: await this.#planned.runKept(plan, kept.segments) };
  }

  /**
   * Removes the rows, unless a commit was tried: it may have been made even if it seemed to fail, or if a repeated one found no lease.
   *
   * @returns whether the rows are removed, so that the tag can be forgotten
   */
  async rollBack(): Promise<boolean> {
    if (this.#isCommitting) return false;
    return this.#load.rollBack();
  }

  async #commit(
    plan: ParsePlan,
    received: ReceivedFile,
    summary: LoadSummary,
    kept: KeptRecords | null,
  ): Promise<void> {
    const firstRowAt = await this.#findFirstTime(plan, kept);
    const { dryRun } = this.#claim.upload.options;
    const { rows, earliestAt, latestAt } = summary;
    const { ambiguousTimes, incompleteTimes } = this.#load;
    const sample = dryRun ? await firstRows(this.#file, plan, this.#signal) : null;
    // Before the commit, after which the customer's next upload can start.
    if (dryRun) await this.rollBack();
    this.#isCommitting = true;
    failpoint('committing');
    const isCommitted = await this.#lease.commit({
      columns: plan.columns,
      uses: plan.uses,
      timeColumn: plan.timeColumn,
      rows,
      dryRun,
      firstRowAt,
      earliestAt,
      latestAt,
      receipt: {
        ...receiptOf({ received, file: this.#file, plan, rows, kept, ambiguousTimes, incompleteTimes }),
        ...(sample && { sample }),
      },
    });
    if (!isCommitted) throw new LeaseLost();
    failpoint('committed');
    if (dryRun) await this.#lease.forgetTag();
  }

  async #findFirstTime({ file, timeColumn }: ParsePlan, kept: KeptRecords | null): Promise<Micros | null> {
    if (timeColumn === null) return null;
    const source = this.#file.source(kept?.segments ?? (await this.#file.feed.all(this.#signal)));
    return this.#deps.csvReader.findFirstTime({ ...file, source, timeColumn }, { signal: this.#signal });
  }
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
