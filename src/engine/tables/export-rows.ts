import type { DuckDBBlobValue, DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { valueBytes } from '../engine-value.ts';
import type { Operations } from '../operations.ts';
import type { ChunkFormat, RowPosition } from '../scan-operations.ts';
import type { ArrowChunks } from './arrow-chunks.ts';
import { scanning, type TableScan } from './table-scan.ts';

/** Target size of a chunk. It may be larger if rows are suddenly longer than before. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** Maximum size of the texts of the first chunk, before which the length of rows is not known. */
const MAX_FIRST_BYTES = 4 * CHUNK_BYTES;
const MAX_SPAN = 131_072;
/** After running out of memory, the scan starts over with this many times fewer rows. */
const SHRINK = 16;
/** After this time an empty chunk is returned, so that the caller can check that the table is still the same. */
const MAX_MS = 1000;

interface RangeBytes {
  readonly bytes: Uint8Array;
  /** The row id at which the bytes end, exclusive. */
  readonly to: number;
}

/** Writes the rows of a range of row ids, or fewer if they are long. */
type WriteRange = (scan: TableScan, connection: DuckDBConnection, from: number, to: number) => Promise<RangeBytes>;

/** The engine keeps nothing between two chunks: the caller may take its time, and the table may change in the meantime. */
export const exportRows: Operations['export_rows'] = async (params, context) => {
  const { format, texts, span, after } = params;
  const began = performance.now();
  const { head, tail, writeRange } = await writerOf(format);
  const outcome = await scanning(params, context, async (scan, connection) => {
    const parts: Uint8Array[] = after === null ? [head] : [];
    const begin = await scan.begin();
    if (begin === null) return { kind: 'position_gone' } as const;
    let from: number = begin;
    const found = (next: RowPosition | null, nextSpan: number) => {
      if (next === null) parts.push(tail);
      return { kind: 'found', bytes: Buffer.concat(parts), next, span: nextSpan } as const;
    };
    const first = after === null ? await scan.rowsWithin(MAX_FIRST_BYTES, texts, from, span) : span;
    for (let size = first; ; size = Math.min(size * 2, MAX_SPAN)) {
      const { bytes, to } = await writeRange(scan, connection, from, from + size);
      parts.push(bytes);
      if (!(await scan.hasMore(to))) return found(null, size);
      if (bytes.length > 0 || performance.now() - began > MAX_MS) {
        const next = await scan.positionAfter(from, to);
        if (next) return found(next, spanFor(to - from, bytes.length));
      }
      from = to;
    }
  });
  if (outcome.kind !== 'out_of_memory' || span === 1) return outcome;
  return exportRows({ ...params, span: Math.ceil(span / SHRINK) }, context);
};

/** The number of rows that makes a chunk of the target size, judging by the previous one. */
function spanFor(span: number, bytes: number): number {
  const wanted = bytes === 0 ? span * 2 : Math.round(span * (CHUNK_BYTES / bytes));
  return Math.max(1, Math.min(wanted, span * 2, MAX_SPAN));
}

interface ChunkWriter {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly writeRange: WriteRange;
}

async function writerOf(format: ChunkFormat): Promise<ChunkWriter> {
  if (format.kind === 'text') {
    return { head: Buffer.from(format.head), tail: Buffer.alloc(0), writeRange: writeText(format.line) };
  }
  // The package takes 0.1 s to load, which would delay the start of the engine.
  const { ArrowChunks } = await import('./arrow-chunks.ts');
  const chunks = new ArrowChunks(format.columns);
  return { head: chunks.head, tail: chunks.tail, writeRange: writeArrow(chunks, format.select) };
}

/** DuckDB builds the whole text, as a blob, so that it is not decoded on the way. */
function writeText(line: string): WriteRange {
  return async (scan, connection, from, to) => {
    const statement = scan.over(`encode(string_agg(${line}, '' ORDER BY rowid))`, from, to);
    const [row] = (await connection.runAndReadAll(...statement)).getRows();
    const blob = row?.[0] as DuckDBBlobValue | null;
    return { bytes: blob?.bytes ?? Buffer.alloc(0), to };
  };
}

function writeArrow(chunks: ArrowChunks, select: readonly string[]): WriteRange {
  return async (scan, connection, from, to) => {
    const statement = scan.over(['rowid', ...select].join(', '), from, to, ' ORDER BY rowid');
    const result = await connection.stream(...statement);
    const columns: DuckDBValue[][] = select.map(() => []);
    let bytes = 0;
    let end = to;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      for (const [index, column] of columns.entries()) {
        for (const value of chunk.getColumnValues(index + 1)) {
          column.push(value);
          bytes += valueBytes(value);
        }
      }
      if (bytes >= 2 * CHUNK_BYTES) {
        end = Number(chunk.getColumnVector(0).getItem(chunk.rowCount - 1)) + 1;
        break;
      }
    }
    return { bytes: chunks.chunk(columns), to: end };
  };
}
