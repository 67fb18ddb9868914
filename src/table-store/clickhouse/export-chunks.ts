import { ExportEnded } from '../table-store.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { endOf } from './read-failure.ts';
import { type ReadStatement, readBytes } from './reading.ts';
import { FIRST_KEY, type RowKey, type Scan } from './scan.ts';

/** Rows in the first chunk, when their length is not known yet. */
const FIRST_SPAN = 2048;
const GROWTH = 8;
const MAX_SPAN = 262_144;
/** Rows that a chunk searches at most if few of them meet the condition. */
const MAX_SEARCHED = 4_000_000;
/** Target size of a chunk. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** A chunk that would be larger, because rows are suddenly longer than before, is read again with fewer rows. */
const MAX_BYTES = 2 * CHUNK_BYTES;
const SHRINK = 16;
/** Chunks that are read while the client receives one. A server works on each with one processor. */
const AHEAD = 2;

/** Of chunks of the target size, the ends of so many are looked up at once. */
const LOOKUP = 8;

/** How the rows of a chunk are written. */
export interface ChunkFormat {
  /** SQL of what is selected, and the name of ClickHouse's format. */
  readonly select: string;
  readonly format: string;
  readonly settings: StatementSettings;
  /** The rows in ClickHouse's format. @returns them in the format of the export */
  readonly rowsOf: (bytes: Buffer) => Uint8Array;
}

export interface ExportChunk {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** A chunk that is being read, or has been. */
interface Ahead {
  readonly from: RowKey;
  /** Its rows, before those that do not meet the condition are left out. */
  readonly span: number;
  /** Null if it is too large. */
  readonly bytes: Promise<Uint8Array | null>;
}

/**
 * Reads all rows in chunks. Each is a query of its own, over the rows between two keys, so that nothing runs while the client is slow:
 * the next ones are then in memory.
 *
 * @param chunkMs maximum time that one chunk may take
 * @throws ExportEnded
 */
export async function* exportChunks(
  shard: ClickhouseShard,
  scan: Scan,
  format: ChunkFormat,
  { chunkMs, signal }: { readonly chunkMs: number; readonly signal: AbortSignal },
): AsyncGenerator<ExportChunk, void> {
  let discarded = new AbortController();
  const ahead: Ahead[] = [];
  let from: RowKey | null = FIRST_KEY;
  let span = FIRST_SPAN;
  let depth = 0;
  /** First rows of the next chunks, as far as they are known, and how many rows they are apart. */
  let firsts: readonly (RowKey | null)[] = [];
  let step = span;
  let lookup = 1;
  /** @returns the first row of the chunk after it; null at the end of the table */
  const begin = async (first: RowKey): Promise<RowKey | null> => {
    const ends = AbortSignal.any([signal, discarded.signal, AbortSignal.timeout(chunkMs)]);
    if (firsts.length === 0) {
      step = span;
      firsts = await ended(scan.keysAfter(first, step, lookup, ends), signal, ends);
    }
    const rows = step;
    const [next = null, ...others] = firsts;
    firsts = others;
    const bytes = ended(readChunk(shard, scan, format, first, next, rows, ends), signal, ends);
    // The failure is thrown when it is the chunk's turn.
    bytes.catch(() => undefined);
    ahead.push({ from: first, span: rows, bytes });
    return next;
  };
  try {
    for (;;) {
      while (from !== null && ahead.length <= depth) from = await begin(from);
      const chunk = ahead.shift();
      if (chunk === undefined) return;
      const bytes = await chunk.bytes;
      if (bytes === null) {
        discarded.abort();
        discarded = new AbortController();
        ahead.length = 0;
        firsts = [];
        from = chunk.from;
        span = Math.ceil(chunk.span / SHRINK);
        lookup = 1;
        depth = 0;
        continue;
      }
      span = spanFor(chunk.span, bytes.length);
      lookup = bytes.length < CHUNK_BYTES / 2 ? 1 : LOOKUP;
      depth = AHEAD;
      yield { bytes, isLast: from === null && ahead.length === 0 };
    }
  } finally {
    discarded.abort();
  }
}

/** @throws ExportEnded if the read ended through its own demands, or by its caller */
async function ended<T>(read: Promise<T>, signal: AbortSignal, ends: AbortSignal): Promise<T> {
  return read.catch((error: unknown) => {
    const end = endOf(error, signal, ends);
    if (end === 'too_many_rows' || end === 'too_many_bytes' || end === 'out_of_range') throw error;
    throw new ExportEnded(end);
  });
}

async function readChunk(
  shard: ClickhouseShard,
  scan: Scan,
  format: ChunkFormat,
  from: RowKey,
  to: RowKey | null,
  rows: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const { settings, ...query } = scan.computedOver(format.select, from, to, ` FORMAT ${format.format}`);
  const limits = rows === 1 ? {} : { max_result_bytes: 2 * MAX_BYTES };
  const statement: ReadStatement = { ...query, settings: { ...settings, ...format.settings, ...limits } };
  try {
    return format.rowsOf(await readBytes(shard, statement, signal));
  } catch (error) {
    if (rows > 1 && endOf(error, signal, signal) === 'too_many_bytes') return null;
    throw error;
  }
}

/** The number of rows that makes a chunk of the target size, judging by the previous one. */
function spanFor(span: number, bytes: number): number {
  if (bytes < CHUNK_BYTES / 64) return Math.min(span * GROWTH, MAX_SEARCHED);
  return Math.max(1, Math.min(Math.round(span * (CHUNK_BYTES / bytes)), span * GROWTH, MAX_SPAN));
}
