import { TAG_COLUMN } from '../../model/columns.ts';
import { type EngineValue, rowBytes } from '../engine-value.ts';
import type { Operations } from '../operations.ts';
import { scanning } from './table-scan.ts';

type Row = readonly EngineValue[];

/** Each statement of a scan reads this many times more rows than the one before. */
const GROWTH = 4;
const MAX_SPAN = 4_000_000;
/** After running out of memory, the scan starts over with this many times fewer rows. */
const SHRINK = 16;

export const readRows: Operations['read_rows'] = async (params, context) => {
  const { select, limit, maxBytes, budgetMs } = params;
  const began = performance.now();
  const outcome = await scanning(params, context, async (scan, connection) => {
    const rows: Row[] = [];
    let bytes = 0;
    const begin = await scan.begin();
    if (begin === null) return { kind: 'position_gone' } as const;
    let from: number = begin;
    for (let span = limit + 1; ; span = Math.min(span * GROWTH, MAX_SPAN)) {
      const to: number = from + span;
      const columns = ['rowid', TAG_COLUMN, ...select].join(', ');
      // One row more shows that the page is not the last one.
      const page = scan.over(columns, from, to, ` ORDER BY rowid LIMIT ${limit - rows.length + 1}`);
      const found = (await connection.runAndReadAll(...page)).getRows() as [bigint, number, ...Row][];
      for (const [index, [rowId, tag, ...row]] of found.entries()) {
        rows.push(row);
        bytes += rowBytes(row);
        if (rows.length < limit && bytes < maxBytes) continue;
        const hasMore = index + 1 < found.length || (await scan.hasMore(Number(rowId) + 1));
        const next = hasMore ? await scan.positionAfterRow(Number(rowId), tag) : null;
        return { kind: 'found', rows, next, begin } as const;
      }
      if (!(await scan.hasMore(to))) return { kind: 'found', rows, next: null, begin } as const;
      if (performance.now() - began >= budgetMs) {
        const next = await scan.positionAfter(from, to);
        // A range without visible rows has no position. It also took next to no time.
        if (next) return { kind: 'found', rows, next, begin } as const;
      }
      from = to;
    }
  });
  if (outcome.kind !== 'out_of_memory' || limit === 1) return outcome;
  return readRows({ ...params, limit: Math.ceil(limit / SHRINK) }, context);
};
