import { randomUUID } from 'node:crypto';
import type { CsvSource } from '../../csv/segment.ts';
import { addValues } from '../../csv/values/values.ts';
import { FairSemaphore } from '../../fair-semaphore.ts';
import { TAG_COLUMN } from '../../model/columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { Appended, LoadSession, LoadSummary } from '../table-store.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import { countRows, type StoredTime } from './count-rows.ts';
import { deleteAttempts, deleteRows } from './delete-rows.ts';
import { dropTable } from './drop-table.ts';
import { prepareEnded } from './ended-attempts.ts';
import { loadSegment, type SegmentDeps, type SegmentToLoad } from './load-segment.ts';
import { completeTable, createTable, type WantedTable } from './load-table.ts';
import type { TableMaking } from './physical-table.ts';

/** Segments of a load that are loaded at the same time: while one is made durable, the next one is parsed. */
const CONCURRENT_SEGMENTS = 2;
/** So that the next segments of a file that is being received need not wait for the last one of those before. */
const CONCURRENT_APPENDS = 2;

export interface ClickhouseLoadDeps extends SegmentDeps {
  readonly servers: ClickhouseServers;
  readonly making: TableMaking;
}

export interface ClickhouseLoadParams extends Omit<WantedTable, 'timeColumn'> {
  readonly tag: number;
  readonly create: boolean;
  readonly time: StoredTime | null;
}

type AppendOptions = Parameters<LoadSession['append']>[1];

/**
 * One attempt at an upload. Segments go to the shards in turn, each as one insert that is on disk when it is answered. What was sent
 * is never sent again: if it failed, its rows are deleted once its inserts have ended, and the next attempt has another tag.
 */
export class ClickhouseLoad implements LoadSession {
  readonly concurrentAppends = CONCURRENT_APPENDS;
  readonly #deps: ClickhouseLoadDeps;
  readonly #params: ClickhouseLoadParams;
  readonly #slots = new FairSemaphore<null>({ capacity: CONCURRENT_SEGMENTS, share: 'all' });
  /** Rows of the sources that were appended. */
  #rows = 0;
  /** The place of the first record of the next source. */
  #nextRow = 0;
  /** Segments that were sent. */
  #sent = 0;
  #running = 0;
  #preparation: Promise<void> | null = null;
  /** From this place on, rows of a source that was not appended may be in the table. Mostly, a roll-back follows. */
  #leftoversFrom: number | null = null;

  constructor(deps: ClickhouseLoadDeps, params: ClickhouseLoadParams) {
    this.#deps = deps;
    this.#params = params;
  }

  async append(source: CsvSource, { signal, onProgress }: AppendOptions = {}): Promise<Appended> {
    if (signal?.aborted) throw new StorageFailure('cancelled', 'the load was cancelled before it began');
    await this.#prepare(source);
    await this.#deleteLeftovers();
    const loaded = await this.#appendAll(source, signal, onProgress);
    const rows = loaded.reduce((sum, each) => sum + each.rows, 0);
    const incomplete = loaded.flatMap(({ incompleteTimes }) => incompleteTimes ?? []);
    this.#rows += rows;
    return {
      rows,
      ambiguousTimes: loaded.flatMap(({ ambiguousTimes }) => ambiguousTimes),
      incompleteTimes: incomplete.reduce<Appended['incompleteTimes']>((sum, each) => addValues(sum, each), null),
    };
  }

  async commit(): Promise<LoadSummary> {
    const { table, tag, time } = this.#params;
    await this.#prepare(null);
    await this.#deleteLeftovers();
    return countRows(this.#deps.servers, table, tag, time, this.#rows);
  }

  async rollBack(): Promise<void> {
    const { servers, making } = this.#deps;
    const { table, tag, create } = this.#params;
    await servers.onEach(async (shard) => {
      await (create ? dropTable(shard, making, table) : deleteAttempts(shard, making, table, [tag]));
    });
  }

  /** Makes the table as the attempt needs it. The first records show how it is best stored. */
  async #prepare(source: CsvSource | null): Promise<void> {
    this.#preparation ??= this.#makeTable(source);
    try {
      await this.#preparation;
    } catch (error) {
      this.#preparation = null;
      throw error;
    }
  }

  async #makeTable(source: CsvSource | null): Promise<void> {
    const { servers, making } = this.#deps;
    await servers.onEach((shard) => prepareEnded(shard, making));
    const wanted = { ...this.#params, timeColumn: this.#params.time?.name ?? null };
    if (this.#params.create) await createTable(servers, making, wanted, source);
    else await completeTable(servers, making, wanted);
  }

  /** Deletes them before anything else is appended, or counted. */
  async #deleteLeftovers(): Promise<void> {
    if (this.#leftoversFrom === null) return;
    // Their rows would be deleted with those that are left.
    if (this.#running > 0) throw new StorageFailure('io_error', 'an append that ran at the same time has failed');
    const { servers, making } = this.#deps;
    const { table, tag } = this.#params;
    const where = `${TAG_COLUMN} = ${tag} AND ${ROW_COLUMN} >= ${this.#leftoversFrom}`;
    await servers.onEach((shard) => deleteRows(shard, making, table, [tag], where));
    this.#nextRow = this.#leftoversFrom;
    this.#leftoversFrom = null;
  }

  /** Gives the records their places, and notes where they begin if not all of them are appended. */
  async #appendAll(
    source: CsvSource,
    signal: AbortSignal | undefined,
    onProgress: ((share: number) => void) | undefined,
  ): Promise<readonly Appended[]> {
    const firstRow = this.#nextRow;
    this.#nextRow += source.segments.reduce((sum, { records }) => sum + records, 0);
    this.#running++;
    try {
      return await this.#loadAll(source, firstRow, signal, onProgress);
    } catch (error) {
      this.#leftoversFrom = Math.min(firstRow, this.#leftoversFrom ?? firstRow);
      throw error;
    } finally {
      this.#running--;
    }
  }

  /** @returns what became of each segment, in their order. @throws the first failure, when nothing runs any more */
  async #loadAll(
    source: CsvSource,
    firstRow: number,
    signal: AbortSignal | undefined,
    onProgress: ((share: number) => void) | undefined,
  ): Promise<readonly Appended[]> {
    const failed = new AbortController();
    const ended = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
    const waiting = this.#loadsOf(source, firstRow, ended, onProgress);
    const loaded: Appended[] = [];
    const loadNext = async (): Promise<void> => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) {
        failed.signal.throwIfAborted();
        const [index, load] = next.value;
        loaded[index] = await this.#slots.run(null, {}, () => loadSegment(this.#deps, load));
      }
    };
    const loading = Array.from({ length: CONCURRENT_SEGMENTS }, () =>
      loadNext().catch((error: unknown) => failed.abort(error)),
    );
    await Promise.all(loading);
    failed.signal.throwIfAborted();
    return loaded;
  }

  *#loadsOf(
    { dialect, segments }: CsvSource,
    startRow: number,
    signal: AbortSignal,
    onProgress: (share: number) => void = () => undefined,
  ): Generator<readonly [index: number, load: SegmentToLoad], void> {
    const { shards } = this.#deps.servers;
    const firstShard = this.#params.tag + placeOf(this.#params.table);
    const total = Math.max(
      1,
      segments.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    const shares = segments.map(() => 0);
    let firstRow = startRow;
    for (const [index, segment] of segments.entries()) {
      const number = this.#sent++;
      const shard = shards[(firstShard + number) % shards.length] ?? shards[0];
      const progress = (share: number): void => {
        shares[index] = share * segment.bytes;
        onProgress(shares.reduce((sum, each) => sum + each, 0) / total);
      };
      const token = randomUUID();
      yield [index, { ...this.#params, dialect, segment, firstRow, shard, token, signal, onProgress: progress }];
      firstRow += segment.records;
    }
  }
}

/** A number by which tables differ: many customers have a single small upload, whose tag is the same for all of them. */
function placeOf(table: string): number {
  return Number.parseInt(table.slice(-6), 16);
}
