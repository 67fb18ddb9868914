import type { Claim } from '../../catalog/upload-queue.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import { addValues } from '../../csv/values/values.ts';
import { failpoint } from '../../failpoints.ts';
import type { StorageFailure } from '../../model/storage-failure.ts';
import type { Appended, LoadSession, LoadSummary, TableStore } from '../../table-store/table-store.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import { mayBlameRows } from './failure-verdict.ts';
import type { FileToLoad } from './file-to-load.ts';
import type { Lease, LeaseDeps } from './lease.ts';
import type { ParsePlan } from './parse-plan.ts';
import { RunningAppends } from './running-appends.ts';

export interface TableLoadDeps {
  readonly tables: Pick<TableStore, 'begin' | 'keepsIntegersAsNumbers'>;
  readonly catalog: LeaseDeps['catalog'];
  readonly progress: ProgressBoard;
}

/**
 * Returns the segments that follow the first `taken` ones; none at the end of the file. Anything else ends the load. The signal aborts when nothing is
 * to be waited for any more.
 */
export type NextSegments<Ending> = (taken: number, signal: AbortSignal) => Promise<readonly CsvSegment[] | Ending>;

/** The rows of one attempt in the table, under the tag of its lease. */
export class TableLoad {
  readonly #deps: TableLoadDeps;
  readonly #claim: Claim;
  readonly #lease: Lease;
  readonly #file: FileToLoad;
  readonly #signal: AbortSignal;
  #session: LoadSession | null = null;
  /** Whether a load has begun, but not how far it came. */
  #isUnclear = false;
  #ambiguousTimes: Appended['ambiguousTimes'][number][] = [];
  #incompleteTimes: Appended['incompleteTimes'] = null;

  constructor(deps: TableLoadDeps, claim: Claim, lease: Lease, file: FileToLoad, signal: AbortSignal) {
    this.#deps = deps;
    this.#claim = claim;
    this.#lease = lease;
    this.#file = file;
    this.#signal = signal;
  }

  /** Local times that clocks showed twice, by segment and column. */
  get ambiguousTimes(): Appended['ambiguousTimes'] {
    return this.#ambiguousTimes;
  }

  /** Rows that got no time because one of the two columns of the time column is null. */
  get incompleteTimes(): Appended['incompleteTimes'] {
    return this.#incompleteTimes;
  }

  /** @returns the number of rows appended; the failure, if a row may be to blame for it; or what ended the segments */
  async append<Ending extends string | object>(
    plan: ParsePlan,
    nextSegments: NextSegments<Ending>,
  ): Promise<number | StorageFailure | Ending> {
    const { customer } = this.#claim;
    await this.#lease.confirm();
    const { tag, tableId } = this.#lease.target;
    this.#isUnclear = true;
    this.#session = await this.#deps.tables.begin({
      customerId: customer.id,
      tableId,
      tag,
      columns: plan.columns,
      file: plan.file,
      timeColumn: plan.timeColumn,
      // The last upload of the table may have been undone since the claim: then it starts over in a new one.
      create: tableId !== customer.table?.tableId,
    });
    this.#isUnclear = false;
    this.#ambiguousTimes = [];
    this.#incompleteTimes = null;
    failpoint('load_started');
    const appends = new RunningAppends(this.#session.concurrentAppends, (rows) => this.#showProgress(rows));
    const signal = AbortSignal.any([this.#signal, appends.failed]);
    this.#showProgress(0);
    try {
      for (let taken = 0; ; ) {
        await appends.mayStart();
        const segments = await nextSegments(taken, signal);
        if (!isSegments(segments)) return segments;
        if (segments.length === 0) return await appends.all();
        failpoint('segment_appending');
        await this.#lease.confirm();
        appends.failed.throwIfAborted();
        appends.start(recordsIn(segments), (onProgress) => this.#appendAll(segments, onProgress));
        taken += segments.length;
      }
    } catch (error) {
      if (!appends.failed.aborted) throw error;
      if (mayBlameRows(appends.failed.reason)) return appends.failed.reason as StorageFailure;
      throw appends.failed.reason;
    } finally {
      await appends.ended();
    }
  }

  /** @returns the number of rows */
  async #appendAll(segments: readonly CsvSegment[], onProgress: (share: number) => void): Promise<number> {
    if (!this.#session) throw new Error('no load has started');
    const source = this.#file.source(segments);
    const appended = await this.#session.append(source, { signal: this.#signal, onProgress });
    for (const { column, values } of appended.ambiguousTimes) this.#ambiguousTimes.push({ column, values });
    if (appended.incompleteTimes) this.#incompleteTimes = addValues(this.#incompleteTimes, appended.incompleteTimes);
    failpoint('segment_appended');
    return appended.rows;
  }

  /** Whether the integers of a column of the table stay the same if it becomes a number column. @throws StorageFailure */
  async keepsIntegersAsNumbers(column: string): Promise<boolean> {
    const { tables, catalog } = this.#deps;
    const { id: customerId, table } = this.#claim.customer;
    // After the last upload of the table was undone, an attempt that starts over has another one, and this one may be dropped.
    if (table === null || table.tableId !== this.#lease.target.tableId) return true;
    const { tableId, columns } = table;
    const uncommittedTags = await catalog.uncommittedTags(customerId);
    const view = { customerId, tableId, columns, uncommittedTags, lastTag: this.#lease.target.tag };
    return tables.keepsIntegersAsNumbers(view, column, this.#signal);
  }

  /** Removes the rows, and takes a new tag. @throws LeaseLost */
  async startOver(): Promise<void> {
    await this.rollBack();
    await this.#lease.changeTag();
    failpoint('attempt_restarted');
  }

  /** @returns whether nothing is left of the load. If not, housekeeping removes the rest. */
  async rollBack(): Promise<boolean> {
    await this.#session?.rollBack();
    this.#session = null;
    return !this.#isUnclear;
  }

  makeDurable(): Promise<LoadSummary> {
    if (!this.#session) throw new Error('no load has started');
    return this.#session.commit();
  }

  #showProgress(rows: number): void {
    this.#deps.progress.read(this.#claim.upload.id, rows);
  }
}

function isSegments(next: readonly CsvSegment[] | string | object): next is readonly CsvSegment[] {
  return Array.isArray(next);
}

function recordsIn(segments: readonly CsvSegment[]): number {
  return segments.reduce((sum, { records }) => sum + records, 0);
}
