import type { Column } from '../../model/columns.ts';
import type { ExportFolder } from '../sent-file.ts';
import { csvLines, jsonLines, type Lines } from '../sql/compile-lines.ts';
import { ExportEnded, type ExportRequest, type TableView } from '../table-store.ts';
import { CLICKHOUSE_LINES } from './clickhouse-lines.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { exportParquet } from './export-parquet.ts';
import { endOf } from './read-failure.ts';
import { type ReadStatement, readBytes } from './reading.ts';
import { FIRST_KEY, type RowKey, Scan } from './scan.ts';

/** Rows in the first chunk, when their length is not known yet. */
const FIRST_SPAN = 2048;
const MAX_SPAN = 131_072;
/** Rows that a chunk searches at most if few of them meet the condition. */
const MAX_SEARCHED = 4_000_000;
/** Target size of a chunk. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** A chunk that would be larger, because rows are suddenly longer than before, is read again with fewer rows. */
const MAX_BYTES = 4 * CHUNK_BYTES;
const SHRINK = 16;

/** How the rows of a chunk are written. */
interface ChunkFormat {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** SQL of what is selected, and the name of ClickHouse's format. */
  readonly select: string;
  readonly format: string;
  readonly settings: StatementSettings;
  /** The rows in ClickHouse's format. @returns them in the format of the export */
  readonly rowsOf: (bytes: Buffer) => Uint8Array;
}

/**
 * Exports all rows. Each chunk is a query of its own, over the rows between two keys, so that nothing runs while the client is slow.
 *
 * @param table what is read of the table in SQL
 */
export async function* exportTable(
  shard: ClickhouseShard,
  folder: ExportFolder,
  table: string,
  settings: StatementSettings,
  view: TableView,
  request: ExportRequest,
  { chunkMs, signal }: { readonly chunkMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const scan = new Scan(shard, table, settings, view, request);
  if (request.format === 'parquet') return yield* exportParquet(shard, folder, scan, request.columns, signal);
  const format = request.format === 'arrow' ? await arrowFormat(request.columns, scan) : linesFormat(request, scan);
  let from: RowKey | null = FIRST_KEY;
  let head = format.head;
  let span = FIRST_SPAN;
  while (from !== null) {
    const ends: AbortSignal = AbortSignal.any([signal, AbortSignal.timeout(chunkMs)]);
    const chunk: Chunk = await readChunk(shard, scan, format, from, span, ends).catch((error: unknown) => {
      const end = endOf(error, signal, ends);
      if (end === 'too_many_rows' || end === 'too_many_bytes' || end === 'out_of_range') throw error;
      throw new ExportEnded(end);
    });
    from = chunk.next;
    span = chunk.span;
    yield Buffer.concat([head, chunk.bytes, ...(from === null ? [format.tail] : [])]);
    head = Buffer.alloc(0);
  }
}

interface Chunk {
  readonly bytes: Uint8Array;
  /** The first row of the next chunk; null at the end of the table. */
  readonly next: RowKey | null;
  /** How many rows the next chunk is to have. */
  readonly span: number;
}

async function readChunk(
  shard: ClickhouseShard,
  scan: Scan,
  format: ChunkFormat,
  from: RowKey,
  span: number,
  signal: AbortSignal,
): Promise<Chunk> {
  const next = await scan.keyAfter(from, span, signal);
  const { settings, ...query } = scan.over(format.select, from, next, ` FORMAT ${format.format}`);
  const limits = span === 1 ? {} : { max_result_bytes: 2 * MAX_BYTES };
  const statement: ReadStatement = { ...query, settings: { ...settings, ...format.settings, ...limits } };
  try {
    const bytes = format.rowsOf(await readBytes(shard, statement, signal));
    return { bytes, next, span: spanFor(span, bytes.length) };
  } catch (error) {
    if (span === 1 || endOf(error, signal, signal) !== 'too_many_bytes') throw error;
    return readChunk(shard, scan, format, from, Math.ceil(span / SHRINK), signal);
  }
}

/** The number of rows that makes a chunk of the target size, judging by the previous one. */
function spanFor(span: number, bytes: number): number {
  if (bytes < CHUNK_BYTES / 64) return Math.min(span * 4, MAX_SEARCHED);
  return Math.max(1, Math.min(Math.round(span * (CHUNK_BYTES / bytes)), span * 4, MAX_SPAN));
}

function linesFormat({ format, columns, escapeFormulas }: ExportRequest, { physical }: Scan): ChunkFormat {
  const { head, line }: Lines =
    format === 'csv'
      ? csvLines(CLICKHOUSE_LINES, columns, physical, escapeFormulas)
      : jsonLines(CLICKHOUSE_LINES, columns, physical);
  return {
    head: Buffer.from(head),
    tail: Buffer.alloc(0),
    select: line,
    format: 'RawBLOB',
    settings: {},
    rowsOf: (bytes) => bytes,
  };
}

/**
 * ClickHouse writes days and microseconds as integers, which differ from dates and timestamps in the schema only: its record batches
 * follow a schema that the engine's writer makes.
 */
async function arrowFormat(columns: readonly Column[], { physical }: Scan): Promise<ChunkFormat> {
  const { ArrowChunks } = await import('../../engine/tables/arrow-chunks.ts');
  const { head, tail } = new ArrowChunks(columns);
  const select = columns.map((column, index) => {
    if (column.type === 'unknown') return `NULL AS v${index}`;
    return `${physical(column)} AS v${index}`;
  });
  return {
    head,
    tail,
    select: select.join(', '),
    format: 'ArrowStream',
    settings: {
      output_format_arrow_compression_method: 'none',
      output_format_arrow_low_cardinality_as_dictionary: 0,
      output_format_arrow_string_as_string: 1,
    },
    rowsOf: recordBatches,
  };
}

const END_OF_STREAM = Buffer.from('ffffffff00000000', 'hex');

/** A stream of Arrow without its schema and its end. See https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
function recordBatches(stream: Buffer): Uint8Array {
  const schemaBytes = 8 + stream.readInt32LE(4);
  const end = stream.subarray(-END_OF_STREAM.length).equals(END_OF_STREAM) ? -END_OF_STREAM.length : stream.length;
  return stream.subarray(schemaBytes, end);
}
