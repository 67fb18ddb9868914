import { rowBytes } from '../../engine/engine-value.ts';
import { PAGE_BYTES, pageBudgetMs } from '../page-limits.ts';
import type { Selection } from '../query-plan.ts';
import type { PageOutcome, PageRequest, QueryLimits, RowAddress, StoredValue, TableView } from '../table-store.ts';
import { CLICKHOUSE } from './clickhouse-dialect.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { endOf } from './read-failure.ts';
import { streamRows } from './reading.ts';
import { storedValue } from './result-values.ts';
import { FIRST_KEY, KEY, type RowKey, Scan } from './scan.ts';

/** With a condition, so many rows are searched at first, and then this many times more with each query. */
const FIRST_SPAN = 1_000_000;
const GROWTH = 4;
const MAX_SPAN = 16_000_000;

const POSITION = /^(\d{1,10})-(\d{1,15})$/;

/** Reads a page of rows. @param table what is read of the table in SQL */
export async function readPage(
  shard: ClickhouseShard,
  table: string,
  settings: StatementSettings,
  view: TableView,
  { after, limit, ...selection }: PageRequest,
  { deadlineMs, signal }: Pick<QueryLimits, 'deadlineMs' | 'signal'>,
): Promise<PageOutcome> {
  const begin = after === null ? FIRST_KEY : keyOf(after);
  if (!begin) return { kind: 'no_position' };
  const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const scan = new Scan(shard, table, settings, view, selection);
  const limits = { limit, budgetMs: pageBudgetMs(deadlineMs), ends };
  try {
    // The rows before a position may have been deleted.
    const exists = after === null || scan.hasUpload(begin.tag, ends);
    const [page, isPosition] = await Promise.all([rowsFrom(begin, shard, scan, selection, limits), exists]);
    return isPosition ? page : { kind: 'no_position' };
  } catch (error) {
    const end = endOf(error, signal, ends);
    if (end === 'too_many_rows' || end === 'too_many_bytes' || end === 'out_of_range') throw error;
    return { kind: end };
  }
}

async function rowsFrom(
  begin: RowKey,
  shard: ClickhouseShard,
  scan: Scan,
  { columns, where }: Selection,
  { limit, budgetMs, ends }: { readonly limit: number; readonly budgetMs: number; readonly ends: AbortSignal },
): Promise<PageOutcome> {
  const began = performance.now();
  const select = [KEY, ...columns.map((each) => CLICKHOUSE.micros(scan.physical(each), each.type))].join(', ');
  const rows: (readonly StoredValue[])[] = [];
  let bytes = 0;
  let from: RowKey = begin;
  for (let span = FIRST_SPAN; ; span = Math.min(span * GROWTH, MAX_SPAN)) {
    const to = where === null ? null : await scan.keyAfter(from, span, ends);
    let next: RowKey | null = null;
    // One row more shows that the page is not the last one.
    const page = scan.over(select, from, to, ` LIMIT ${limit - rows.length + 1}`);
    for await (const [tag, row, ...values] of streamRows(shard, page, ends)) {
      const key = { tag: Number(tag), row: Number(row) };
      if (bytes >= PAGE_BYTES) return { kind: 'rows', rows, next: textOf(key) };
      if (rows.length === limit) {
        next = key;
        continue;
      }
      const stored = columns.map(({ type }, index) => storedValue(values[index], type));
      rows.push(stored);
      bytes += rowBytes(stored);
    }
    if (next) return { kind: 'rows', rows, next: textOf(next) };
    if (to === null) return { kind: 'rows', rows, next: null };
    if (rows.length === limit || performance.now() - began >= budgetMs) {
      return { kind: 'rows', rows, next: textOf(to) };
    }
    from = to;
  }
}

function textOf({ tag, row }: RowKey): string {
  return `${tag}-${row}`;
}

/** Rows are numbered within their upload, so that an address is a key. */
function keyOf(after: string | RowAddress): RowKey | null {
  if (typeof after !== 'string') return { tag: after.tag, row: after.offset };
  const [, tag, row] = POSITION.exec(after) ?? [];
  return tag === undefined || row === undefined ? null : { tag: Number(tag), row: Number(row) };
}
