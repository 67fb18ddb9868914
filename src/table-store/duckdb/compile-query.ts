import { identifier } from '../../engine/sql.ts';
import { type Column, TAG_COLUMN } from '../../model/columns.ts';
import { type Measure, outputsOf, type QueryPlan } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { groupSql, microsSql, shapedGroupSql } from './compile-group.ts';
import { Parameters } from './parameters.ts';

export interface CompiledQuery {
  readonly sql: string;
  readonly params: readonly (bigint | number | boolean | string)[];
}

/**
 * The rows that a view sees, as a condition. Single comparisons, since DuckDB answers those for a whole row group by its least
 * and greatest tag: NOT IN is asked of every row, and takes a third more time.
 */
export function visible({ uncommittedTags, lastTag }: Pick<TableView, 'uncommittedTags' | 'lastTag'>): string {
  const committed = uncommittedTags.map((tag) => ` AND ${TAG_COLUMN} <> ${Number(tag)}`).join('');
  return `${TAG_COLUMN} <= ${Number(lastTag)}${committed}`;
}

/**
 * A plan as one SELECT of DuckDB: integers, numbers, booleans, texts, and times as microseconds. In three steps, each a
 * subquery: groups and measures (`g0`, `m0`, …); brought into the form of the result (`o0`, …); chosen and ordered by it.
 * Names of the request never get into it, names of columns only as quoted identifiers, values only as bound parameters.
 *
 * @param view what is seen of it. `table` is its name, quoted
 */
export function compileQuery(plan: QueryPlan, view: TableView & { readonly table: string }): CompiledQuery {
  const parameters = new Parameters();
  const { groupBy, measures } = plan;
  const grouped = [
    ...groupBy.map((key, index) => `${groupSql(key)} AS g${index}`),
    ...measures.flatMap((measure, index) => {
      const of = quantilesBeside(measures, index);
      if (of === null) return [`${measureSql(measure)} AS m${index}`];
      return of.first === index
        ? [`quantile_cont(${identifier(of.column)}, [${of.shares.join(', ')}]) AS m${index}`]
        : [];
    }),
  ];
  const from = (): string => {
    const where = plan.where === null ? '' : ` AND ${compileCondition(plan.where, parameters)}`;
    return `FROM ${view.table} WHERE ${visible(view)}${where}`;
  };
  const groups = groupBy.map((_, index) => index + 1).join(', ');
  const rows = `SELECT ${grouped.join(', ')} ${from()}${groups && ` GROUP BY ${groups}`}`;
  const edges = measures.flatMap(({ by }, index) => (by ? [edgeSql(plan, index, from())] : []));
  const inner = edges.length === 0 ? rows : withEdges(plan, rows, edges);
  const shaped = [
    ...groupBy.map((key, index) => shapedGroupSql(key, `g${index}`)),
    ...measures.map(({ type }, index) => {
      const of = quantilesBeside(measures, index);
      if (of) return `CAST(m${of.first}[${of.place}] AS DOUBLE)`;
      return isTime(type) ? microsSql(`m${index}`) : `m${index}`;
    }),
  ].map((sql, index) => `${sql} AS o${index}`);
  // The package's decoder drops a U+FEFF with which a text begins: it gets one to drop.
  const outputs = outputsOf(plan).map(({ type }, index) => (type === 'text' ? `chr(65279) || o${index}` : `o${index}`));
  const having = plan.having === null ? '' : ` WHERE ${compileCondition(plan.having, parameters)}`;
  const order = plan.orderBy.map(
    ({ index, descending, nullsFirst }) =>
      `o${index} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`,
  );
  const orderBy = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  const limit = plan.limit === null ? '' : ` LIMIT ${Number(plan.limit)}`;
  return {
    sql: `SELECT ${outputs.join(', ')} FROM (SELECT ${shaped.join(', ')} FROM (${inner}))${having}${orderBy}${limit}`,
    params: parameters.values,
  };
}

/**
 * The quantiles of one column that a plan has together with this one: each by itself would hold all values in memory once more.
 *
 * @returns null where it is alone or no quantile. `place` is its own among `shares`, from 1; `first` the measure that holds all
 */
function quantilesBeside(measures: readonly Measure[], index: number) {
  const own = measures[index];
  const column = own && isQuantile(own) ? own.column : null;
  if (!column) return null;
  const beside = measures.flatMap((each, at) => (isQuantile(each) && each.column?.name === column.name ? [at] : []));
  if (beside.length === 1) return null;
  const shares = beside.map((at) => `CAST(${Number(measures[at]?.q ?? 0.5)} AS DOUBLE)`);
  return { column: column.name, shares, first: beside[0], place: beside.indexOf(index) + 1 };
}

export function isQuantile({ fn }: Pick<Measure, 'fn'>): boolean {
  return fn === 'median' || fn === 'quantile';
}

function measureSql({ fn, column, q, by }: Measure): string {
  const name = column && identifier(column.name);
  switch (fn) {
    case 'count':
      return name === null ? 'count(*)' : `count(${name})`;
    case 'count_distinct':
      return `count(DISTINCT ${name})`;
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return `${fn}(${name})`;
    case 'median':
    case 'quantile':
      return `CAST(quantile_cont(${name}, CAST(${Number(q ?? 0.5)} AS DOUBLE)) AS DOUBLE)`;
    case 'stddev':
      return `stddev_samp(${name})`;
    case 'first':
    case 'last':
      // Its time alone; `edgeSql` looks for the value.
      return `${fn === 'first' ? 'min' : 'max'}(${identifier((by as { name: string }).name)}) FILTER (WHERE ${name} IS NOT NULL)`;
  }
}

/**
 * The values of a `first` or `last` in the rows that have its time, by group. A second look at the table, which skips what is
 * before or after: an aggregate of (time, value) takes four times as long, and one of the time alone leaves open which value.
 */
function edgeSql({ groupBy, measures }: QueryPlan, index: number, from: string): string {
  const { fn, column, by } = measures[index] as Measure & { readonly column: Column; readonly by: Column };
  const keys = groupBy.map((key, at) => `${groupSql(key)} AS k${at}`);
  const look = `SELECT ${[...keys, `${identifier(by.name)} AS t`, `${identifier(column.name)} AS v`].join(', ')} ${from}`;
  const same = groupBy.map((_, at) => ` AND k${at} IS NOT DISTINCT FROM r.g${at}`).join('');
  const groups = groupBy.map((_, at) => `r.g${at}`);
  const value = `${fn === 'first' ? 'min' : 'max'}(v) AS v`;
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  const edge = `SELECT ${[...groups, value].join(', ')} FROM r JOIN (${look}) ON t = r.m${index}${same}${grouped}`;
  const group = groupBy.map((_, at) => `e${index}.g${at} IS NOT DISTINCT FROM r.g${at}`).join(' AND ');
  return `LEFT JOIN (${edge}) e${index} ON ${group || 'true'}`;
}

function withEdges({ groupBy, measures }: QueryPlan, rows: string, edges: readonly string[]): string {
  const outputs = [
    ...groupBy.map((_, index) => `r.g${index}`),
    // Quantiles of one column stand in the first of them.
    ...measures.flatMap(({ by }, index) => {
      const of = quantilesBeside(measures, index);
      if (of && of.first !== index) return [];
      return [by ? `e${index}.v AS m${index}` : `r.m${index}`];
    }),
  ];
  return `WITH r AS MATERIALIZED (${rows}) SELECT ${outputs.join(', ')} FROM r ${edges.join(' ')}`;
}
