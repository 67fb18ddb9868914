import { type Column, TAG_COLUMN } from '../../model/columns.ts';
import { isQuantile, type Measure, outputsOf, type PlanValue, type QueryPlan } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition } from './compile-condition.ts';
import { groupSql, shapedGroupSql } from './compile-group.ts';
import type { Dialect, PlanFacts, QuerySource } from './dialect.ts';
import { Parameters } from './parameters.ts';
import { physicalColumns } from './physical-columns.ts';

export interface CompiledQuery {
  readonly sql: string;
  readonly params: readonly PlanValue[];
}

/** The rows to query. */
export interface QueriedView extends TableView {
  /** What is read of the table in SQL, such as its quoted name. */
  readonly table: string;
}

/**
 * The condition that the rows of a view meet. It consists of single comparisons, which DuckDB decides for a whole row group by
 * its least and greatest tag: it evaluates NOT IN for every row, which takes a third more time. ClickHouse skips marks likewise.
 */
export function visible({ uncommittedTags, lastTag }: Pick<TableView, 'uncommittedTags' | 'lastTag'>): string {
  const committed = uncommittedTags.map((tag) => ` AND ${TAG_COLUMN} <> ${Number(tag)}`).join('');
  return `${TAG_COLUMN} <= ${Number(lastTag)}${committed}`;
}

/** The rows of a view that meet the condition of a plan. */
export function sourceOf(
  dialect: Dialect,
  plan: Pick<QueryPlan, 'where'>,
  view: QueriedView,
  parameters: Parameters,
  { ranges = new Map(), samples = new Map(), extremes = new Set() }: PlanFacts = {},
): QuerySource {
  const physical = physicalColumns(view.columns, dialect);
  const from = (): string => {
    const where = plan.where === null ? '' : ` AND ${compileCondition(dialect, plan.where, physical, parameters)}`;
    return `FROM ${view.table} WHERE ${visible(view)}${where}`;
  };
  return { physical, from, facts: { ranges, samples, extremes } };
}

/**
 * Compiles a plan to one SELECT of integers, numbers, booleans, texts, and times as microseconds. It has three levels, each a
 * subquery of the next: groups and measures (`g0`, `m0`, …); their conversion to the form of the result (`o0`, …); selection
 * and order by the result. If groups and measures have that form, all of it is one level. It contains no names of the request or the
 * table, and values only as bound parameters.
 *
 * @param facts what `compileRanges` and `compileSampleSizes` asked for
 */
export function compileQuery(dialect: Dialect, plan: QueryPlan, view: QueriedView, facts?: PlanFacts): CompiledQuery {
  const parameters = new Parameters();
  const source = sourceOf(dialect, plan, view, parameters, facts);
  const { physical } = source;
  const { ranges } = source.facts;
  const { groupBy, measures } = plan;
  const grouped = [
    ...groupBy.map((key, index) => ({ name: `g${index}`, sql: groupSql(dialect, key, physical, ranges) })),
    ...measures.flatMap((measure, index) => {
      const name = `m${index}`;
      const of = quantilesOfColumn(measures, index);
      if (of === null) return [{ name, sql: dialect.measure(measure, source) }];
      return of.first === index ? [{ name, sql: dialect.quantiles(measure, of.shares, source) }] : [];
    }),
  ];
  const shaped = [
    ...groupBy.map((key, index) => shapedGroupSql(dialect, key, `g${index}`, ranges)),
    ...measures.map((measure, index) => {
      const of = quantilesOfColumn(measures, index);
      return dialect.measured(of ? `m${of.first}[${of.position}]` : `m${index}`, measure);
    }),
  ];
  const columns = outputsOf(plan);
  const outputs = columns.map(({ type }, index) => dialect.output(`o${index}`, type));
  const from = source.from();
  const groups = groupBy.length === 0 ? '' : ` GROUP BY ${groupBy.map((_, index) => index + 1).join(', ')}`;
  const check = dialect.check?.(plan, source) ?? null;
  const having = (): string | null =>
    plan.having === null ? null : compileCondition(dialect, plan.having, physical, parameters);
  const order = plan.orderBy.map((ordering) =>
    dialect.order(`o${ordering.index}`, (columns[ordering.index] as Column).type, ordering),
  );
  const orderBy = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  const limit = plan.limit === null ? '' : ` LIMIT ${Number(plan.limit)}`;
  const select = (names: readonly string[], conditions: readonly (string | null)[]): string => {
    const list = grouped.map(({ sql }, index) => `${sql} AS ${names[index]}`);
    return `SELECT ${list.join(', ')} ${from}${groups}${allOf(' HAVING ', conditions)}`;
  };
  const results = columns.map((_, index) => `o${index}`);
  const isDirect =
    dialect.completed === undefined &&
    shaped.every((sql, index) => sql === grouped[index]?.name) &&
    outputs.every((sql, index) => sql === results[index]);
  if (isDirect) {
    const sql = select(results, [check, having()]);
    return { sql: `${sql}${orderBy}${limit}`, params: parameters.values };
  }
  const rows = select(
    grouped.map(({ name }) => name),
    [check],
  );
  const inner = dialect.completed?.(rows, plan, source) ?? rows;
  const converted = shaped.map((sql, index) => `${sql} AS o${index}`).join(', ');
  const where = allOf(' WHERE ', [having()]);
  return {
    sql: `SELECT ${outputs.join(', ')} FROM (SELECT ${converted} FROM (${inner}))${where}${orderBy}${limit}`,
    params: parameters.values,
  };
}

/** A clause of conditions; nothing if there is none. */
function allOf(keyword: string, conditions: readonly (string | null)[]): string {
  const found = conditions.filter((each) => each !== null);
  return found.length === 0 ? '' : `${keyword}${found.join(' AND ')}`;
}

/** Compiles a query for facts about the selected rows: a single row. Null if there is nothing to look up. */
export function compileFacts(
  dialect: Dialect,
  plan: QueryPlan,
  view: QueriedView,
  columns: readonly Column[],
  look: (value: string, column: Column) => readonly string[],
): CompiledQuery | null {
  if (columns.length === 0) return null;
  const parameters = new Parameters();
  const { physical, from } = sourceOf(dialect, plan, view, parameters);
  const selected = columns.flatMap((column) => look(physical(column), column));
  return { sql: `SELECT ${selected.join(', ')} ${from()}`, params: parameters.values };
}

/**
 * All quantiles of the same column as this measure: they are computed together, since each one keeps all values in memory.
 *
 * @returns null if the measure is not a quantile, or the only one of its column. `position` is its index in `shares`, from 1, and
 *   `first` the measure that computes all of them
 */
export function quantilesOfColumn(measures: readonly Measure[], index: number) {
  const own = measures[index];
  const column = own && isQuantile(own) ? own.column : null;
  if (!column) return null;
  const siblings = measures.flatMap((each, at) =>
    isQuantile(each) && each.column?.name === column.name && each.approximate === own?.approximate ? [at] : [],
  );
  if (siblings.length === 1) return null;
  const shares = siblings.map((at) => Number(measures[at]?.q ?? 0.5));
  return { shares, first: siblings[0], position: siblings.indexOf(index) + 1 };
}
