import { randomUUID } from 'node:crypto';
import type { CsvSource } from '../../csv/segment.ts';
import { addValues } from '../../csv/values/values.ts';
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

/** Segments that are loaded at the same time: while one is made durable, the next one is parsed. */
const CONCURRENT_SEGMENTS = 2;

export interface ClickhouseLoadDeps extends SegmentDeps {
  readonly servers: ClickhouseServers;
  readonly making: TableMaking;
}

export interface ClickhouseLoadParams extends Omit<WantedTable, 'timeColumn'> {
  readonly tag: number;
  readonly create: boolean;
  readonly trustShapes: boolean;
  readonly time: StoredTime | null;
}

type AppendOptions = Parameters<LoadSession['append']>[1];

/**
 * One attempt at an upload. Segments go to the shards in turn, each as one insert that is on disk when it is answered. What was sent
 * is never sent again: if it failed, its rows are deleted once its inserts have ended, and the next attempt has another tag.
 */
export class ClickhouseLoad implements LoadSession {
  readonly #deps: ClickhouseLoadDeps;
  readonly #params: ClickhouseLoadParams;
  /** Rows of the sources that were appended. */
  #rows = 0;
  /** Segments that were sent. */
  #sent = 0;
  #isPrepared = false;
  /** Whether rows of a source that was not appended may be in the table. Mostly, a roll-back follows. */
  #hasLeftovers = false;

  constructor(deps: ClickhouseLoadDeps, params: ClickhouseLoadParams) {
    this.#deps = deps;
    this.#params = params;
  }

  async append(source: CsvSource, { signal, onProgress }: AppendOptions = {}): Promise<Appended> {
    if (signal?.aborted) throw new StorageFailure('cancelled', 'the load was cancelled before it began');
    await this.#prepare(source);
    await this.#deleteLeftovers();
    this.#hasLeftovers = true;
    const loaded = await this.#loadAll(source, signal, onProgress);
    const rows = loaded.reduce((sum, each) => sum + each.rows, 0);
    const incomplete = loaded.flatMap(({ incompleteTimes }) => incompleteTimes ?? []);
    this.#rows += rows;
    this.#hasLeftovers = false;
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
    if (this.#isPrepared) return;
    const { servers, making } = this.#deps;
    await servers.onEach((shard) => prepareEnded(shard, making));
    const wanted = { ...this.#params, timeColumn: this.#params.time?.name ?? null };
    if (this.#params.create) await createTable(servers, making, wanted, source);
    else await completeTable(servers, making, wanted);
    this.#isPrepared = true;
  }

  /** Deletes them before anything else is appended, or counted. */
  async #deleteLeftovers(): Promise<void> {
    if (!this.#hasLeftovers) return;
    const { servers, making } = this.#deps;
    const { table, tag } = this.#params;
    const where = `${TAG_COLUMN} = ${tag} AND ${ROW_COLUMN} >= ${this.#rows}`;
    await servers.onEach((shard) => deleteRows(shard, making, table, [tag], where));
    this.#hasLeftovers = false;
  }

  /** @returns what became of each segment, in their order. @throws the first failure, when nothing runs any more */
  async #loadAll(
    source: CsvSource,
    signal: AbortSignal | undefined,
    onProgress: ((share: number) => void) | undefined,
  ): Promise<readonly Appended[]> {
    const failed = new AbortController();
    const waiting = this.#loadsOf(source, AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]), onProgress);
    const loaded: Appended[] = [];
    const loadNext = async (): Promise<void> => {
      for (let next = waiting.next(); !next.done; next = waiting.next()) {
        failed.signal.throwIfAborted();
        const [index, load] = next.value;
        loaded[index] = await loadSegment(this.#deps, load);
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
    signal: AbortSignal,
    onProgress: (share: number) => void = () => undefined,
  ): Generator<readonly [index: number, load: SegmentToLoad], void> {
    const { shards } = this.#deps.servers;
    const total = Math.max(
      1,
      segments.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    const shares = segments.map(() => 0);
    let firstRow = this.#rows;
    for (const [index, segment] of segments.entries()) {
      const number = this.#sent++;
      const shard = shards[(this.#params.tag + number) % shards.length] ?? shards[0];
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
