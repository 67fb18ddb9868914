import type { Catalog, Claim, Micros, ReceivedFile } from '../catalog/catalog.ts';
import type { CsvSegment, CsvSource } from '../csv/segment.ts';
import { type EngineClient, EngineFailure } from '../engine/engine-client.ts';
import { Problem } from '../errors.ts';
import type { ColumnReading } from '../table/columns.ts';
import type { LoadSession, LoadSummary, TableStore } from '../table-store/table-store.ts';
import { namesInTable } from './names-in-table.ts';
import { planReading, type ReadingPlan, sameReading } from './reading-plan.ts';
import type { SegmentFeed } from './segment-feed.ts';

/** Refused rows that are told with the failure. */
const TOLD_REFUSALS = 100;

export interface AttemptPorts {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly engine: EngineClient;
  readonly owner: string;
}

/** One attempt at making a file's segments rows of its customer's table. */
export class Attempt {
  readonly #ports: AttemptPorts;
  readonly #claim: Claim;
  readonly #feed: SegmentFeed;
  readonly #signal: AbortSignal;
  /** The table's columns where it exists or was declared; null: this file decides them. */
  readonly #known: readonly ColumnReading[] | null;
  /** The file's columns under the table's names. */
  readonly #names: readonly string[];
  #tag: number;
  #session: LoadSession | null = null;
  #commitTried = false;

  constructor(ports: AttemptPorts, claim: Claim, feed: SegmentFeed, signal: AbortSignal) {
    this.#ports = ports;
    this.#claim = claim;
    this.#feed = feed;
    this.#signal = signal;
    this.#tag = claim.tag;
    const { table, declaredColumns } = claim.customer;
    this.#known = table?.columns ?? declaredColumns?.map((column) => ({ ...column, format: null })) ?? null;
    this.#names = namesInTable(feed.columns, this.#known);
  }

  /** The tag under which rows are being written now. */
  get tag(): number {
    return this.#tag;
  }

  /**
   * Segments → rows under the attempt's tag → counted and checkpointed → committed in the catalog.
   *
   * @returns the number of rows that became visible
   * @throws Problem where the file is to blame; its rows are gone then
   */
  async run(): Promise<number> {
    let plan = await this.#plan(await this.#feed.after(0), false);
    let appended = await this.#load(plan);
    if (appended instanceof EngineFailure && !plan.thorough) {
      // Some record does not fit what the first records showed: look at every one, and start over if that helps.
      const better = await this.#plan(await this.#feed.all(), true);
      if (!sameReading(better, plan)) {
        await this.#startOver();
        plan = better;
        appended = await this.#load(plan);
      }
    }
    if (appended instanceof EngineFailure) throw await this.#explain(appended, plan);
    const file = await this.#feed.file;
    const summary = await this.#commitRows();
    assertCounts(file, appended, summary);
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

  #plan(segments: readonly CsvSegment[], thorough: boolean): Promise<ReadingPlan> {
    return planReading(
      {
        customer: this.#claim.customer,
        known: this.#known,
        ask: (some, everyRecord) => {
          const params = { source: this.#source(some), table: this.#known, thorough: everyRecord };
          return this.#ports.engine.call('infer_reading', params, { signal: this.#signal });
        },
        allSegments: () => this.#feed.all(),
      },
      segments,
      thorough,
    );
  }

  /** @returns the number of rows appended, or why the engine could not append them */
  async #load(plan: ReadingPlan): Promise<number | EngineFailure> {
    const { customer } = this.#claim;
    const session = await this.#ports.tables.begin({
      customerId: customer.id,
      tag: this.#tag,
      columns: plan.columns,
      reading: plan.reading,
      timeColumn: plan.timeColumn,
      create: customer.table === null,
      exact: this.#known === null,
    });
    this.#session = session;
    let taken = 0;
    let rows = 0;
    for (;;) {
      const segments = await this.#feed.after(taken);
      if (segments.length === 0) return rows;
      try {
        rows += await session.append(this.#source(segments), { signal: this.#signal });
      } catch (error) {
        if (error instanceof EngineFailure) return error;
        throw error;
      }
      taken += segments.length;
    }
  }

  async #startOver(): Promise<void> {
    await this.rollBack();
    const { catalog, owner } = this.#ports;
    const { upload, customer } = this.#claim;
    const tag = await catalog.retag({ uploadId: upload.id, tag: this.#tag, owner });
    if (tag === 'lost') throw new LeaseLost();
    const dead = this.#tag;
    // At once: the lease is renewed under this tag.
    this.#tag = tag;
    await catalog.forgetTags(customer.id, [dead]);
  }

  /** The records that the engine could not append, told one by one; or the failure itself where none is to blame. */
  async #explain(failure: EngineFailure, { reading }: ReadingPlan): Promise<Problem | EngineFailure> {
    const source = this.#source(await this.#feed.all());
    const params = { source, reading, exact: this.#known === null, limit: TOLD_REFUSALS };
    const found = await this.#ports.engine.call('find_refusals', params, { signal: this.#signal });
    const [first] = found.refusals;
    if (!first) return failure;
    const where = first.column === null ? '' : `, column '${first.column}'`;
    return new Problem(
      'rows_refused',
      `${found.refused} of ${found.records} rows do not fit the table. Line ${first.line}${where}: ${first.reason}: ${JSON.stringify(first.text)}.`,
      { rows_in_file: found.records, rejected: found.refused, rejects: found.refusals },
    );
  }

  async #commit(plan: ReadingPlan, file: ReceivedFile, summary: LoadSummary): Promise<void> {
    const { catalog, owner } = this.#ports;
    const firstRowAt = await this.#firstTime(plan);
    this.#commitTried = true;
    const committed = await catalog.commitUpload({
      uploadId: this.#claim.upload.id,
      tag: this.#tag,
      owner,
      columns: plan.columns,
      timeColumn: plan.timeColumn,
      rows: summary.rows,
      firstRowAt,
      earliestAt: summary.earliestAt,
      latestAt: summary.latestAt,
      receipt: {
        rowsInFile: file.records,
        appended: summary.rows,
        rejected: 0,
        columns: plan.reading,
        warnings: plan.warnings,
      },
    });
    if (committed === 'lost') throw new LeaseLost();
  }

  async #firstTime({ reading, timeColumn }: ReadingPlan): Promise<Micros | null> {
    if (timeColumn === null) return null;
    const source = this.#source(await this.#feed.all());
    return this.#ports.engine.call('first_time', { source, reading, timeColumn }, { signal: this.#signal });
  }

  #source(segments: readonly CsvSegment[]): CsvSource {
    return { dialect: this.#feed.dialect, columns: this.#names, segments };
  }

  #commitRows(): Promise<LoadSummary> {
    if (!this.#session) throw new Error('no load has begun');
    return this.#session.commit();
  }
}

/** Another node has taken the upload over. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** The cutter, the inserts and the table must agree on how many rows there are. */
function assertCounts(file: ReceivedFile, appended: number, { rows }: LoadSummary): void {
  if (rows === file.records && appended === file.records) return;
  throw new Problem(
    'count_mismatch',
    `The file was cut into ${file.records} records, ${appended} were appended, and the table holds ${rows} of them.`,
    { records: file.records, appended, stored: rows },
  );
}
