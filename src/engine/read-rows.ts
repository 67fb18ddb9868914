import { TAG_COLUMN } from '../model/columns.ts';
import type { Operations } from './operation.ts';
import { rowBytes } from './row-bytes.ts';
import type { ScannedValue } from './row-scan.ts';
import { scanning } from './table-scan.ts';

type Row = readonly ScannedValue[];

/** Rows looked at in one statement grow by this, up to the most. */
const GROWTH = 4;
const MOST_SPAN = 4_000_000;
/** Where the memory did not do, so many times fewer rows are read. */
const FEWER = 16;

export const readRows: Operations['read_rows'] = async (params, context) => {
  const { select, limit, maxBytes, budgetMs } = params;
  const began = performance.now();
  const outcome = await scanning(params, context, async (scan, connection) => {
    const rows: Row[] = [];
    let bytes = 0;
    const begin = await scan.begin();
    if (begin === null) return { kind: 'position_gone' } as const;
    let from: number = begin;
    for (let span = limit; ; span = Math.min(span * GROWTH, MOST_SPAN)) {
      const to: number = from + span;
      const columns = ['rowid', TAG_COLUMN, ...select].join(', ');
      const [sql, values] = scan.over(columns, from, to, ` ORDER BY rowid LIMIT ${limit - rows.length}`);
      const found = (await connection.runAndReadAll(sql, [...values])).getRows() as [bigint, number, ...Row][];
      for (const [rowId, tag, ...row] of found) {
        rows.push(row);
        bytes += rowBytes(row);
        if (rows.length < limit && bytes < maxBytes) continue;
        const next = (await scan.hasMore(Number(rowId) + 1)) ? await scan.behindRow(Number(rowId), tag) : null;
        return { kind: 'found', rows, next } as const;
      }
      if (!(await scan.hasMore(to))) return { kind: 'found', rows, next: null } as const;
      if (performance.now() - began >= budgetMs) {
        const next = await scan.behind(from, to);
        // Without a row there is no position, and it cost next to nothing.
        if (next) return { kind: 'found', rows, next } as const;
      }
      from = to;
    }
  });
  if (outcome.kind !== 'out_of_memory' || limit === 1) return outcome;
  return readRows({ ...params, limit: Math.ceil(limit / FEWER) }, context);
};
