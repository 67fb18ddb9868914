import type { DuckDBBlobValue, DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { ArrowPieces } from './arrow-pieces.ts';
import type { Operations } from './operation.ts';
import type { PieceFormat, RowPosition } from './row-scan.ts';
import { scanning, type TableScan } from './table-scan.ts';

/** What a piece should have. It may have more where rows are suddenly longer. */
const PIECE_BYTES = 2 * 1024 * 1024;
const MOST_SPAN = 131_072;
const FEWER = 16;
/** After which an empty piece is given, so that its asker can see that the table is still the same. */
const MOST_MS = 1000;

interface Piece {
  readonly bytes: Uint8Array;
  /** Row id up to which it goes. */
  readonly to: number;
}

/** How rows from one row id to another become bytes; fewer rows where they are long. */
type Write = (scan: TableScan, connection: DuckDBConnection, from: number, to: number) => Promise<Piece>;

/** A piece holds nothing in the engine when it is done: its asker may take its time, and the table may change meanwhile. */
export const exportRows: Operations['export_rows'] = async (params, context) => {
  const { format, span, after } = params;
  const began = performance.now();
  const { head, tail, write } = await writing(format);
  const outcome = await scanning(params, context, async (scan, connection) => {
    const pieces: Uint8Array[] = after === null ? [head] : [];
    const begin = await scan.begin();
    if (begin === null) return { kind: 'position_gone' } as const;
    let from: number = begin;
    const found = (next: RowPosition | null, spanOfNext: number) => {
      if (next === null) pieces.push(tail);
      return { kind: 'found', bytes: Buffer.concat(pieces), next, span: spanOfNext } as const;
    };
    for (let size = span; ; size = Math.min(size * 2, MOST_SPAN)) {
      const { bytes, to } = await write(scan, connection, from, from + size);
      pieces.push(bytes);
      if (!(await scan.hasMore(to))) return found(null, size);
      if (bytes.length > 0 || performance.now() - began > MOST_MS) {
        const next = await scan.behind(from, to);
        if (next) return found(next, spanFor(to - from, bytes.length));
      }
      from = to;
    }
  });
  if (outcome.kind !== 'out_of_memory' || span === 1) return outcome;
  return exportRows({ ...params, span: Math.ceil(span / FEWER) }, context);
};

function spanFor(span: number, bytes: number): number {
  const wanted = bytes === 0 ? span * 2 : Math.round(span * (PIECE_BYTES / bytes));
  return Math.max(1, Math.min(wanted, span * 2, MOST_SPAN));
}

interface Writing {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly write: Write;
}

async function writing(format: PieceFormat): Promise<Writing> {
  if (format.kind === 'text') {
    return { head: Buffer.from(format.head), tail: Buffer.alloc(0), write: writeText(format.line) };
  }
  // Its package takes a tenth of a second to load, which the start of the engine need not wait for.
  const { ArrowPieces } = await import('./arrow-pieces.ts');
  const pieces = new ArrowPieces(format.columns);
  return { head: pieces.head, tail: pieces.tail, write: writeArrow(pieces, format.select) };
}

/** DuckDB makes the whole text: a blob, so that nobody decodes it on the way. */
function writeText(line: string): Write {
  return async (scan, connection, from, to) => {
    const [sql, params] = scan.over(`encode(string_agg(${line}, '' ORDER BY rowid))`, from, to);
    const [row] = (await connection.runAndReadAll(sql, [...params])).getRows();
    const blob = row?.[0] as DuckDBBlobValue | null;
    return { bytes: blob?.bytes ?? Buffer.alloc(0), to };
  };
}

function writeArrow(pieces: ArrowPieces, select: readonly string[]): Write {
  return async (scan, connection, from, to) => {
    const [sql, params] = scan.over(['rowid', ...select].join(', '), from, to, ' ORDER BY rowid');
    const result = await connection.stream(sql, [...params]);
    const columns: DuckDBValue[][] = select.map(() => []);
    let bytes = 0;
    let end = to;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      for (const [index, column] of columns.entries()) {
        for (const value of chunk.getColumnValues(index + 1)) {
          column.push(value);
          bytes += typeof value === 'string' ? value.length : 8;
        }
      }
      if (bytes >= 2 * PIECE_BYTES) {
        end = Number(chunk.getColumnVector(0).getItem(chunk.rowCount - 1)) + 1;
        break;
      }
    }
    return { bytes: pieces.piece(columns), to: end };
  };
}
