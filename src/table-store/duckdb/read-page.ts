import type { EngineClient } from '../../engine/engine-client.ts';
import type { RowPosition } from '../../engine/scan-operations.ts';
import { exceededMemory, isCancelled } from '../../model/storage-failure.ts';
import { PAGE_BYTES, pageBudgetMs } from '../page-limits.ts';
import { compileScan } from '../sql/compile-scan.ts';
import { physicalColumns } from '../sql/physical-columns.ts';
import type { PageOutcome, PageRequest, QueryLimits, RowAddress, TableView } from '../table-store.ts';
import { DUCKDB } from './duckdb-dialect.ts';
import { valueSql } from './scanned-columns.ts';
import type { UploadStarts } from './upload-starts.ts';

const POSITION = /^(\d{1,10})-(\d{1,15})-(\d{1,15})$/;

/** Reads a page of rows from a table file. */
export async function readPage(
  { engine, starts }: { readonly engine: EngineClient; readonly starts: UploadStarts },
  database: string,
  view: TableView,
  { after, limit, ...selection }: PageRequest,
  { deadlineMs, signal }: Pick<QueryLimits, 'deadlineMs' | 'signal'>,
): Promise<PageOutcome> {
  const position = after === null ? null : positionOf(after, view, starts);
  if (after !== null && !position) return { kind: 'no_position' };
  const physical = physicalColumns(view.columns, DUCKDB);
  const params = {
    database,
    ...compileScan(DUCKDB, view, selection, physical),
    after: position,
    select: selection.columns.map((column) => valueSql(column, physical)),
    limit,
    maxBytes: PAGE_BYTES,
    budgetMs: pageBudgetMs(deadlineMs),
  };
  try {
    const outcome = await engine.call('read_rows', params, { signal, deadlineMs });
    if (outcome.kind === 'position_gone') return { kind: 'no_position' };
    if (outcome.kind !== 'found') return { kind: outcome.kind };
    if (position) starts.set(view, position.tag, outcome.begin - position.offset);
    return { kind: 'rows', rows: outcome.rows, next: outcome.next && textOf(outcome.next) };
  } catch (error) {
    if (exceededMemory(error)) return { kind: 'out_of_memory' };
    if (!isCancelled(error)) throw error;
    return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
  }
}

function textOf({ tag, offset, start }: RowPosition): string {
  return [tag, offset, start].join('-');
}

function positionOf(after: string | RowAddress, view: TableView, starts: UploadStarts): RowPosition | null {
  if (typeof after !== 'string') {
    const { tag, offset, rowsBefore } = after;
    // Right as long as no rows of other attempts are, or were, between the uploads.
    return { tag, offset, start: starts.get(view, tag) ?? rowsBefore };
  }
  const match = POSITION.exec(after);
  if (!match) return null;
  const [tag = 0, offset = 0, start = 0] = match.slice(1).map(Number);
  return { tag, offset, start };
}
