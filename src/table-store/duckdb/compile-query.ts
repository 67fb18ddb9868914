import { type Column, TAG_COLUMN } from '../../model/columns.ts';
import { isQuantile, type Measure, outputsOf, type QueryPlan } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { groupSql, microsSql, shapedGroupSql } from './compile-group.ts';
import { Parameters } from './parameters.ts';
import { type Physical, physicalColumns } from './physical-columns.ts';
import type { Ranges } from './ranges.ts';
import { type Samples, sampleEvery } from './samples.ts';

/** What a query has to know about the selected rows before it is compiled. */
export interface PlanFacts {
  readonly ranges?: Ranges;
  readonly samples?: Samples;
}

export interface CompiledQuery {
  readonly sql: string;
  readonly params: readonly (bigint | number | boolean | string)[];
}

/**
 * The condition that the rows of a view meet. It consists of single comparisons, which DuckDB decides for a whole row group by
 * its least and greatest tag: it evaluates NOT IN for every row, which takes a third more time.
 */
export function visible({ uncommittedTags, lastTag }: Pick<TableView, 'uncommittedTags' | 'lastTag'>): string {
  const committed = uncommittedTags.map((tag) => ` AND ${TAG_COLUMN} <> ${Number(tag)}`).join('');
  return `${TAG_COLUMN} <= ${Number(lastTag)}${committed}`;
}

/**
 * Compiles a plan to one SELECT of integers, numbers, booleans, texts, and times as microseconds. It has three levels, each a
 * subquery of the next: groups and measures (`g0`, `m0`, …); their conversion to the form of the result (`o0`, …); selection
 * and order by the result. It contains no names of the request or the table, and values only as bound parameters.
 *
 * @param view the rows to query; `table` is the quoted name of the table
 * @param facts what `compileRanges` and `compileSampleSizes` asked for
 */
export function compileQuery(
  plan: QueryPlan,
  view: TableView & { readonly table: string },
  { ranges = new Map(), samples = new Map() }: PlanFacts = {},
): CompiledQuery {
  const parameters = new Parameters();
  const physical = physicalColumns(view.columns);
  const { groupBy, measures } = plan;
  const grouped = [
    ...groupBy.map((key, index) => `${groupSql(key, physical, ranges)} AS g${index}`),
    ...measures.flatMap((measure, index) => {
      const of = quantilesOfColumn(measures, index);
      if (of === null) return [`${measureSql(measure, physical, samples)} AS m${index}`];
      return of.first === index
        ? [
            `quantile_cont(${physical(of.column)}, [${of.shares.join(', ')}])${rowSample(measure, samples)} AS m${index}`,
          ]
        : [];
    }),
  ];
  const from = (): string => {
    const where = plan.where === null ? '' : ` AND ${compileCondition(plan.where, physical, parameters)}`;
    return `FROM ${view.table} WHERE ${visible(view)}${where}`;
  };
  const groups = groupBy.map((_, index) => index + 1).join(', ');
  const rows = `SELECT ${grouped.join(', ')} ${from()}${groups && ` GROUP BY ${groups}`}`;
  const edges = measures.flatMap(({ by }, index) => (by ? [edgeSql(plan, index, physical, from(), ranges)] : []));
  const inner = edges.length === 0 ? rows : withEdges(plan, rows, edges);
  const shaped = [
    ...groupBy.map((key, index) => shapedGroupSql(key, `g${index}`, ranges)),
    ...measures.map(({ type }, index) => {
      const of = quantilesOfColumn(measures, index);
      if (of) return `CAST(m${of.first}[${of.position}] AS DOUBLE)`;
      return isTime(type) ? microsSql(`m${index}`) : `m${index}`;
    }),
  ].map((sql, index) => `${sql} AS o${index}`);
  // The package's decoder drops a U+FEFF at the start of a text, so it is given one more.
  const outputs = outputsOf(plan).map(({ type }, index) => (type === 'text' ? `chr(65279) || o${index}` : `o${index}`));
  const having = plan.having === null ? '' : ` WHERE ${compileCondition(plan.having, physical, parameters)}`;
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
 * All quantiles of the same column as this measure: they are computed together, since each one keeps all values in memory.
 *
 * @returns null if the measure is not a quantile, or the only one of its column. `position` is its index in `shares`, from 1, and
 *   `first` the measure that computes all of them
 */
function quantilesOfColumn(measures: readonly Measure[], index: number) {
  const own = measures[index];
  const column = own && isQuantile(own) ? own.column : null;
  if (!column) return null;
  const siblings = measures.flatMap((each, at) =>
    isQuantile(each) && each.column?.name === column.name && each.approximate === own?.approximate ? [at] : [],
  );
  if (siblings.length === 1) return null;
  const shares = siblings.map((at) => `CAST(${Number(measures[at]?.q ?? 0.5)} AS DOUBLE)`);
  return { column, shares, first: siblings[0], position: siblings.indexOf(index) + 1 };
}

function measureSql(measure: Measure, physical: Physical, samples: Samples): string {
  const { fn, column, q, by } = measure;
  const name = column && physical(column);
  switch (fn) {
    case 'count':
      return name === null ? 'count(*)' : `count(${name})`;
    case 'count_distinct':
      return distinctSql(`${name}`, sampleEvery(measure, samples));
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return `${fn}(${name})`;
    case 'median':
    case 'quantile':
      return `CAST(quantile_cont(${name}, CAST(${Number(q ?? 0.5)} AS DOUBLE))${rowSample(measure, samples)} AS DOUBLE)`;
    case 'stddev':
      return `stddev_samp(${name})`;
    case 'first':
    case 'last':
      // Only its time; `edgeSql` looks up the value.
      return `${fn === 'first' ? 'min' : 'max'}(${physical(by as Column)}) FILTER (WHERE ${name} IS NOT NULL)`;
  }
}

/** Keeps one of `every` rows for a quantile, whatever their values. */
function rowSample(measure: Measure, samples: Samples): string {
  const every = sampleEvery(measure, samples);
  return every === null ? '' : ` FILTER (hash(rowid) % ${every} = 0)`;
}

/** Counts one of `every` distinct values. */
function distinctSql(name: string, every: number | null): string {
  const count = `count(DISTINCT ${name})`;
  return every === null ? count : `${count} FILTER (hash(${name}) % ${every} = 0) * ${every}`;
}

/**
 * The value of a `first` or `last` in each group, from the rows that have its time. This is a second scan of the table, which
 * skips row groups before or after that time: an aggregate of (time, value) takes four times as long.
 */
function edgeSql(
  { groupBy, measures }: QueryPlan,
  index: number,
  physical: Physical,
  from: string,
  ranges: Ranges,
): string {
  const { fn, column, by } = measures[index] as Measure & { readonly column: Column; readonly by: Column };
  const keys = groupBy.map((key, at) => `${groupSql(key, physical, ranges)} AS k${at}`);
  const look = `SELECT ${[...keys, `${physical(by)} AS t`, `${physical(column)} AS v`].join(', ')} ${from}`;
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
    // The first quantile of a column holds all of them.
    ...measures.flatMap(({ by }, index) => {
      const of = quantilesOfColumn(measures, index);
      if (of && of.first !== index) return [];
      return [by ? `e${index}.v AS m${index}` : `r.m${index}`];
    }),
  ];
  return `WITH r AS MATERIALIZED (${rows}) SELECT ${outputs.join(', ')} FROM r ${edges.join(' ')}`;
}
