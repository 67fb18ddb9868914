import { identifier, literal } from '../../engine/sql.ts';
import { TAG_COLUMN } from '../../table/columns.ts';
import { type Bucket, type GroupKey, type Measure, outputsOf, type QueryPlan } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { Parameters } from './parameters.ts';

const DAY_MICROS = 86_400_000_000;

export interface CompiledQuery {
  readonly sql: string;
  readonly params: readonly (bigint | number | boolean | string)[];
}

/** The rows that a view sees, as a condition. */
export function visible({ uncommittedTags, lastTag }: Pick<TableView, 'uncommittedTags' | 'lastTag'>): string {
  const committed =
    uncommittedTags.length === 0 ? '' : ` AND ${TAG_COLUMN} NOT IN (${uncommittedTags.map(Number).join(', ')})`;
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
  const where = plan.where === null ? '' : ` AND ${compileCondition(plan.where, parameters)}`;
  const groups = groupBy.map((_, index) => index + 1).join(', ');
  const inner = `SELECT ${grouped.join(', ')} FROM ${view.table} WHERE ${visible(view)}${where}${groups && ` GROUP BY ${groups}`}`;
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

function microsSql(time: string): string {
  return `epoch_us(CAST(${time} AS TIMESTAMP))`;
}

function groupSql({ column, bucket }: GroupKey): string {
  const name = identifier(column.name);
  if (!bucket) return name;
  const { timeZone } = bucket;
  if (timeZone === null) return truncatedSql(bucket, name);
  // From microseconds, since a cast of TIMESTAMP to TIMESTAMPTZ asks the calendar for every row.
  const wall = `timezone(${literal(timeZone)}, make_timestamptz(epoch_us(${name})))`;
  // What is cut off within an hour is cut off the moment itself: two hours of one night may look the same on the wall.
  return isWithinHour(bucket) ? `${name} - (${wall} - ${truncatedSql(bucket, wall)})` : truncatedSql(bucket, wall);
}

/** The beginning of a group's bucket, as microseconds; other groups as they are. */
function shapedGroupSql({ column, bucket }: GroupKey, value: string): string {
  if (!isTime(column.type)) return value;
  if (!bucket?.timeZone || isWithinHour(bucket)) return microsSql(value);
  return momentSql(value, literal(bucket.timeZone));
}

/**
 * The first moment at which a zone's clock shows a time, as microseconds. The calendar gives the last one where the clock is
 * set back over it: so the offset of the day before is tried, too.
 */
function momentSql(wall: string, zone: string): string {
  const last = `epoch_us(timezone(${zone}, ${wall}))`;
  const dayBefore = `(${last} - ${DAY_MICROS})`;
  const offsetBefore = `(epoch_us(timezone(${zone}, make_timestamptz(${dayBefore}))) - ${dayBefore})`;
  const first = `(epoch_us(${wall}) - ${offsetBefore})`;
  const showsIt = `timezone(${zone}, make_timestamptz(${first})) = ${wall}`;
  return `CASE WHEN ${showsIt} THEN least(${first}, ${last}) ELSE ${last} END`;
}

function isWithinHour({ count, unit }: Bucket): boolean {
  return unit === 'second' || unit === 'minute' || (unit === 'hour' && count === 1);
}

function truncatedSql({ count, unit }: Bucket, time: string): string {
  // Counted from a midnight; every count divides the unit above it.
  return count === 1 ? `date_trunc('${unit}', ${time})` : `time_bucket(INTERVAL ${Number(count)} ${unit}, ${time})`;
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
    case 'last': {
      const time = identifier((by as { name: string }).name);
      const pairs = `struct_pack(t := ${time}, v := ${name})`;
      const there = `${time} IS NOT NULL AND ${name} IS NOT NULL`;
      return `(${fn === 'first' ? 'min' : 'max'}(${pairs}) FILTER (WHERE ${there})).v`;
    }
  }
}
