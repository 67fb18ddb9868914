import type { Column } from '../../model/columns.ts';
import type { Measure, QueryPlan } from '../query-plan.ts';
import { groupSql } from '../sql/compile-group.ts';
import { quantilesOfColumn } from '../sql/compile-query.ts';
import type { Dialect, QuerySource } from '../sql/dialect.ts';

/** Looks up the values of `first` and `last`. @param rows the query of groups and measures, in which they are times */
export function withEdges(dialect: Dialect, rows: string, plan: QueryPlan, source: QuerySource): string {
  const { groupBy, measures } = plan;
  const edges = measures.flatMap(({ by }, index) => (by ? [edgeSql(dialect, plan, index, source)] : []));
  const outputs = [
    ...groupBy.map((_, index) => `r.g${index}`),
    // The first quantile of a column holds all of them.
    ...measures.flatMap(({ by }, index) => {
      const of = quantilesOfColumn(measures, index);
      if (of && of.first !== index) return [];
      return [by ? `e${index}.v AS m${index}` : `r.m${index}`];
    }),
  ];
  return `WITH r AS MATERIALIZED (${rows}) SELECT ${outputs.join(', ')} FROM r ${edges.join(' ')}`;
}

/**
 * The value of a `first` or `last` in each group, from the rows that have its time. This is a second scan of the table, which
 * skips row groups before or after that time: an aggregate of (time, value) takes four times as long.
 */
function edgeSql(
  dialect: Dialect,
  { groupBy, measures }: QueryPlan,
  index: number,
  { physical, facts, from }: QuerySource,
): string {
  const { fn, column, by } = measures[index] as Measure & { readonly column: Column; readonly by: Column };
  const keys = groupBy.map((key, at) => `${groupSql(dialect, key, physical, facts.ranges)} AS k${at}`);
  const look = `SELECT ${[...keys, `${physical(by)} AS t`, `${physical(column)} AS v`].join(', ')} ${from()}`;
  const same = groupBy.map((_, at) => ` AND k${at} IS NOT DISTINCT FROM r.g${at}`).join('');
  const groups = groupBy.map((_, at) => `r.g${at}`);
  const value = `${fn === 'first' ? 'min' : 'max'}(v) AS v`;
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  const edge = `SELECT ${[...groups, value].join(', ')} FROM r JOIN (${look}) ON t = r.m${index}${same}${grouped}`;
  const group = groupBy.map((_, at) => `e${index}.g${at} IS NOT DISTINCT FROM r.g${at}`).join(' AND ');
  return `LEFT JOIN (${edge}) e${index} ON ${group || 'true'}`;
}
