import type { Column } from '../../model/columns.ts';
import type { ExportFolder } from '../sent-file.ts';
import { csvLines, jsonLines, type Lines } from '../sql/compile-lines.ts';
import type { ExportRequest, TableView } from '../table-store.ts';
import { CLICKHOUSE_LINES } from './clickhouse-lines.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { type ChunkFormat, exportChunks } from './export-chunks.ts';
import { exportParquet } from './export-parquet.ts';
import { Scan } from './scan.ts';

const NOTHING = Buffer.alloc(0);

/** Chunks, with what precedes and follows all of them. */
interface ExportFormat extends ChunkFormat {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Exports all rows. @param table what is read of the table in SQL */
export async function* exportTable(
  shard: ClickhouseShard,
  folder: ExportFolder,
  table: string,
  settings: StatementSettings,
  view: TableView,
  request: ExportRequest,
  limits: { readonly chunkMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const scan = new Scan(shard, table, settings, view, request);
  if (request.format === 'parquet') return yield* exportParquet(shard, folder, scan, request.columns, limits.signal);
  const format = request.format === 'arrow' ? await arrowFormat(request.columns, scan) : linesFormat(request, scan);
  let head = format.head;
  for await (const { bytes, isLast } of exportChunks(shard, scan, format, limits)) {
    const tail = isLast ? format.tail : NOTHING;
    yield head.length + tail.length === 0 ? bytes : Buffer.concat([head, bytes, tail]);
    head = NOTHING;
  }
}

function linesFormat({ format, columns, escapeFormulas }: ExportRequest, { physical }: Scan): ExportFormat {
  const { head, line }: Lines =
    format === 'csv'
      ? csvLines(CLICKHOUSE_LINES, columns, physical, escapeFormulas)
      : jsonLines(CLICKHOUSE_LINES, columns, physical);
  return {
    head: Buffer.from(head),
    tail: NOTHING,
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
async function arrowFormat(columns: readonly Column[], { physical }: Scan): Promise<ExportFormat> {
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
