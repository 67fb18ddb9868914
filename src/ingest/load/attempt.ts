import type { Catalog, Claim, Micros } from '../../catalog/catalog.ts';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { CsvSegment, CsvSource } from '../../csv/segment.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { LoadSession, LoadSummary, TableStore } from '../../table-store/table-store.ts';
import type { ProgressBoard } from '../progress.ts';
import { namesInTable } from '../receive/names-in-table.ts';
import type { RejectedRows } from '../spool/rejected-rows.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import { mayBlameRows } from './disk-full.ts';
import { headerWarnings, type ParsePlan, planParse, samePlan } from './parse-plan.ts';

/** Refused rows that are told with the failure. */
const TOLD_REFUSALS = 100;

export interface AttemptDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly csvReader: CsvReader;
  readonly rejects: RejectedRows;
  readonly progress: ProgressBoard;
  readonly owner: string;
}

/** The records of a file that are left when those that cannot become rows are taken out. */
interface Kept {
  readonly segments: readonly CsvSegment[];
  readonly rejected: number;
}

/** One attempt at making a file's segments rows of its customer's table. */
export class Attempt {
  readonly #deps: AttemptDeps;
  readonly #claim: Claim;
  readonly #feed: SegmentFeed;
  readonly #signal: AbortSignal;
  /** The table's columns where it exists or was declared; null: this file decides them. */
  readonly #known: readonly ColumnFormat[] | null;
  /** The file's columns under the table's names. */
  readonly #names: readonly string[];
  #tag: number;
  #session: LoadSession | null = null;
  #commitTried = false;
  /** Null: every record of the file is loaded. */
  #kept: Kept | null = null;

  constructor(deps: AttemptDeps, claim: Claim, feed: SegmentFeed, signal: AbortSignal) {
    this.#deps = deps;
    this.#claim = claim;
    this.#feed = feed;
    this.#signal = signal;
    this.#tag = claim.tag;
    const { table, declaredColumns } = claim.customer;
    this.#known = table?.columns ?? declaredColumns;
    this.#names = namesInTable(feed.columns, this.#known);
  }

  /** The tag under which rows are being written now. */
  get tag(): number {
    return this.#tag;
  }

  /**
   * Segments → rows under the attempt's tag → counted and checkpointed → committed in the catalog.
   *
   * @returns the number of rows that became visible, or would have in a dry run
   * @throws Problem where the file is to blame; its rows are gone then
   */
  async run(): Promise<number> {
    this.#tell(0);
    let plan = await this.#plan(await this.#feed.after(0), false);
    failpoint('formats_found');
    let appended = await this.#load(plan);
    if (appended instanceof StorageFailure && !plan.thorough) {
      // Some record does not fit what the first records showed: look at every one, and start over if that helps.
      const better = await this.#plan(await this.#feed.all(), true);
      if (!samePlan(better, plan)) {
        await this.#startOver();
        plan = better;
        appended = await this.#load(plan);
      }
    }
    if (appended instanceof StorageFailure) {
      this.#kept = await this.#withoutRefused(appended, plan);
      await this.#startOver();
      appended = await this.#load(plan);
      if (appended instanceof StorageFailure) throw appended;
    }
    const file = await this.#feed.file;
    const summary = await this.#commitRows();
    failpoint('rows_durable');
    assertCounts(file, appended, this.#kept?.rejected ?? 0, summary);
    await this.#commit(plan, file, summary);
    return summary.rows;
  }

  /**
   * Takes the rows away, unless their commit was tried: it may have been made although it seemed to fail.
   *
   * @returns whether the rows are gone, so that their tag may be forgotten
   */
  async rollBack(): Promise<boolean> {
    if (this.#commitTried) return false;
    await this.#session?.rollBack();
    this.#session = null;
    return true;
  }

  #plan(segments: readonly CsvSegment[], thorough: boolean): Promise<ParsePlan> {
    return planParse(
      {
        customer: this.#claim.customer,
        known: this.#known,
        ask: (some, everyRecord) => {
          const request = { source: this.#source(some), table: this.#known, thorough: everyRecord };
          return this.#deps.csvReader.inferFormats(request, { signal: this.#signal });
        },
        allSegments: () => this.#feed.all(),
      },
      segments,
      thorough,
    );
  }

  /** @returns the number of rows appended, or why the engine could not append them */
  async #load(plan: ParsePlan): Promise<number | StorageFailure> {
    const { customer } = this.#claim;
    const session = await this.#deps.tables.begin({
      customerId: customer.id,
      tag: this.#tag,
      columns: plan.columns,
      formats: plan.formats,
      timeColumn: plan.timeColumn,
      create: customer.table === null,
      exact: this.#known === null,
    });
    this.#session = session;
    failpoint('load_begun');
    let taken = 0;
    let rows = 0;
    this.#tell(0);
    for (;;) {
      const segments = this.#kept ? this.#kept.segments.slice(taken) : await this.#feed.after(taken);
      if (segments.length === 0) return rows;
      failpoint('segment_appending');
      try {
        rows += await session.append(this.#source(segments), {
          signal: this.#signal,
          onProgress: (share) => this.#tell(rows + share * recordsIn(segments)),
        });
        failpoint('segment_appended');
        this.#tell(rows);
      } catch (error) {
        if (mayBlameRows(error)) return error;
        throw error;
      }
      taken += segments.length;
    }
  }

  #tell(rows: number): void {
    this.#deps.progress.read(this.#claim.upload.id, rows);
  }

  async #startOver(): Promise<void> {
    await this.rollBack();
    const { catalog, owner } = this.#deps;
    const { upload, customer } = this.#claim;
    const tag = await catalog.retag({ uploadId: upload.id, tag: this.#tag, owner });
    if (tag === 'lost') throw new LeaseLost();
    const dead = this.#tag;
    // At once: the lease is renewed under this tag.
    this.#tag = tag;
    await catalog.forgetTags(customer.id, [dead]);
    failpoint('started_over');
  }

  /**
   * Finds the records that the engine could not append, and writes them down.
   *
   * @returns the others, where the sender asked to skip
   * @throws Problem rows_rejected; the failure itself where no record is to blame
   */
  async #withoutRefused(failure: StorageFailure, { formats }: ParsePlan): Promise<Kept> {
    const { csvReader, rejects } = this.#deps;
    const { id, options } = this.#claim.upload;
    const keep = options.onError === 'skip';
    const request = {
      source: this.#source(await this.#feed.all()),
      formats,
      exact: this.#known === null,
      limit: TOLD_REFUSALS,
      origin: (await this.#feed.file).origin,
      ...rejects.pathsOf(id),
      keep,
    };
    const found = await csvReader.findRejectedRows(request, { signal: this.#signal });
    await rejects.sync();
    failpoint('rejected_rows_found');
    const [first] = found.rejectedRows;
    if (!first) throw failure;
    if (keep && found.rejected < found.records) return { segments: found.kept, rejected: found.rejected };
    const where = first.column === null ? '' : `, column '${first.column}'`;
    throw new Problem(
      'rows_rejected',
      `${found.rejected} of ${found.records} rows do not fit the table. Line ${first.line}${where}: ${first.message}: ${JSON.stringify(first.text)}.`,
      { rows_in_file: found.records, rejected: found.rejected, rejects: found.rejectedRows.map(rejectJson) },
    );
  }

  async #commit(plan: ParsePlan, file: ReceivedFile, summary: LoadSummary): Promise<void> {
    const { catalog, owner } = this.#deps;
    const firstRowAt = await this.#firstTime(plan);
    const { dryRun } = this.#claim.upload.options;
    // Before the commit, which lets the customer's next upload begin.
    if (dryRun) await this.rollBack();
    this.#commitTried = true;
    failpoint('committing');
    const committed = await catalog.commitUpload({
      uploadId: this.#claim.upload.id,
      tag: this.#tag,
      owner,
      columns: plan.columns,
      timeColumn: plan.timeColumn,
      rows: summary.rows,
      dryRun,
      firstRowAt,
      earliestAt: summary.earliestAt,
      latestAt: summary.latestAt,
      receipt: {
        rowsInFile: file.records,
        appended: summary.rows,
        rejected: this.#kept?.rejected ?? 0,
        columns: plan.formats,
        warnings: [...headerWarnings(file, this.#known), ...plan.warnings],
      },
    });
    if (committed === 'lost') throw new LeaseLost();
    failpoint('committed');
    if (dryRun) await catalog.forgetTags(this.#claim.customer.id, [this.#tag]);
  }

  async #firstTime({ formats, timeColumn }: ParsePlan): Promise<Micros | null> {
    if (timeColumn === null) return null;
    const source = this.#source(this.#kept?.segments ?? (await this.#feed.all()));
    return this.#deps.csvReader.findFirstTime({ source, formats, timeColumn }, { signal: this.#signal });
  }

  #source(segments: readonly CsvSegment[]): CsvSource {
    return { dialect: this.#feed.dialect, columns: this.#names, segments };
  }

  #commitRows(): Promise<LoadSummary> {
    if (!this.#session) throw new Error('no load has begun');
    return this.#session.commit();
  }
}

/** A refusal as problem documents and pages give it. */
export function rejectJson({ line, byteOffset, column, code, message, text }: RejectedRow) {
  return { line, byte_offset: byteOffset, column, code, message, text };
}

/** Another node has taken the upload over. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

function recordsIn(segments: readonly CsvSegment[]): number {
  return segments.reduce((sum, { records }) => sum + records, 0);
}

/** The cutter, the inserts and the table must agree on how many rows there are. */
function assertCounts(file: ReceivedFile, appended: number, rejected: number, { rows }: LoadSummary): void {
  if (rows === appended && appended + rejected === file.records) return;
  throw new Problem(
    'count_mismatch',
    `The file was cut into ${file.records} records, ${appended} were appended, ${rejected} rejected, and the table holds ${rows} of them.`,
    { records: file.records, appended, rejected, stored: rows },
  );
}
