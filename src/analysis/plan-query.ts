import type { TableState } from '../catalog/table-state.ts';
import type { Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';
import {
  type Bucket,
  type GroupKey,
  type Measure,
  type MeasureFunction,
  type Ordering,
  outputsOf,
  type QueryPlan,
} from '../table-store/query-plan.ts';
import { refuseTooManyBuckets } from './bucket-count.ts';
import { MIN_DATE_BUCKET, readBucket, readTimeZone } from './bucket-names.ts';
import { planBuckets, planWidth } from './number-buckets.ts';
import { planCondition } from './plan-condition.ts';
import { reasonsForText } from './reasons-for-text.ts';
import { type RequestPart, shown } from './request-part.ts';

/** All measure functions. */
export const MEASURES = [
  'count',
  'count_distinct',
  'sum',
  'avg',
  'min',
  'max',
  'median',
  'quantile',
  'stddev',
  'first',
  'last',
] as const satisfies readonly MeasureFunction[];
/** Functions that require a numeric column. A column without values may become one. */
const NUMERIC: ReadonlySet<MeasureFunction> = new Set(['sum', 'avg', 'median', 'quantile', 'stddev']);
const NUMERIC_TYPES: ReadonlySet<Column['type']> = new Set(['integer', 'number', 'unknown']);
/** Functions that can be computed from a sample. */
const SAMPLED: ReadonlySet<MeasureFunction> = new Set(['median', 'quantile', 'count_distinct']);
const MAX_GROUPS = 10;
const MAX_MEASURES = 50;

/**
 * Reads a query and checks it against a table.
 *
 * @param maxRows the highest `limit`
 * @throws Problem query_invalid, column_not_found, column_unsuitable, value_invalid, time_zone_unknown, no_time_column,
 *   too_many_groups; each with a pointer to the place in the request
 */
export function planQuery(request: RequestPart, table: TableState, maxRows: number): QueryPlan {
  const { measures, group_by, where, having, order_by, limit } = request.object([
    'measures',
    'group_by',
    'where',
    'having',
    'order_by',
    'limit',
  ]);
  const groups = group_by?.array(1, MAX_GROUPS).map((part) => planGroup(part, table)) ?? [];
  const groupBy = groups.flat();
  const measured = measures?.array(1, MAX_MEASURES).map((part) => planMeasure(part, table)) ?? [];
  if (groupBy.length + measured.length === 0) {
    throw request.problem('query_invalid', 'A query requires measures, group_by or both.');
  }
  if (groupBy.length > 0 && measured.some(({ approximate }) => approximate)) {
    // A sample may have no value of a small group.
    throw request.problem('query_invalid', 'Approximate measures require a query without group_by.');
  }
  const outputs = outputsOf({ groupBy, measures: measured });
  refuseSameNames(request, outputs);
  const plan: QueryPlan = {
    groupBy,
    measures: measured,
    where: where ? planCondition(where, (name) => ({ kind: 'column', column: name.column(table.columns) })) : null,
    having: having
      ? planCondition(having, (name) => {
          const { index, type } = findOutput(name, outputs);
          return { kind: 'output', index, type };
        })
      : null,
    orderBy: complete(
      order_by?.array(1, MAX_GROUPS + MAX_MEASURES).map((part) => planOrder(part, outputs)) ?? [],
      groupBy,
    ),
    limit: limit?.integer(1, maxRows) ?? null,
  };
  refuseTooManyBuckets(plan, table, (key) => {
    const group = groups.findIndex((keys) => keys.includes(groupBy[key] as GroupKey));
    return `${request.pointer}/group_by/${group}/bucket`;
  });
  return plan;
}

/** @returns the keys of a group: two for a number of buckets, which have a lower and an upper bound */
function planGroup(part: RequestPart, table: TableState): readonly GroupKey[] {
  if (typeof part.value === 'string') {
    const column = part.column(table.columns);
    return [{ column, bucket: null, as: column.name }];
  }
  const members = part.object(['column', 'bucket', 'buckets', 'time_zone', 'as']);
  if (!members.column) throw part.problem('query_invalid', 'Missing column.');
  const column = members.column.column(table.columns);
  const as = members.as?.text() ?? column.name;
  const { bucket, buckets, time_zone } = members;
  if (buckets) {
    if (bucket) throw buckets.problem('query_invalid', 'A group has either bucket or buckets.');
    if (time_zone) throw time_zone.problem('query_invalid', 'Only time buckets have a time zone.');
    const parts = planBuckets(buckets, column);
    return [
      { column, bucket: { parts, edge: 'lower' }, as },
      { column, bucket: { parts, edge: 'upper' }, as: `${as}_end` },
    ];
  }
  if (!bucket) {
    if (time_zone) throw time_zone.problem('query_invalid', 'A time zone requires a bucket.');
    return [{ column, bucket: null, as }];
  }
  if (typeof bucket.value === 'number') {
    if (time_zone) throw time_zone.problem('query_invalid', 'Only time buckets have a time zone.');
    return [{ column, bucket: { width: planWidth(bucket, column) }, as }];
  }
  return [{ column, bucket: planBucket(bucket, column, time_zone, table), as }];
}

export function planBucket(
  part: RequestPart,
  column: Column,
  zone: RequestPart | undefined,
  table: Pick<TableState, 'columns'>,
): Bucket {
  if (column.type !== 'date' && column.type !== 'timestamp') {
    const isNumber = column.type === 'integer' || column.type === 'number';
    const instead = isNumber ? ' The bucket of a numeric column is a number: its width.' : '';
    const detail = `A time bucket requires a date or timestamp column, and '${column.name}' ${hasType(column)}.${instead}`;
    const reasons = reasonsForText(
      table.columns.filter(({ name }) => name === column.name),
      ['date', 'timestamp'],
    );
    throw part.problem('column_unsuitable', detail + reasons.detail, reasons.extra);
  }
  const { count, unit, micros } = readBucket(part);
  if (column.type === 'timestamp') return { count, unit, timeZone: zone ? readTimeZone(zone) : null };
  if (micros < MIN_DATE_BUCKET) {
    const detail = `Column '${column.name}' contains dates, so the shortest bucket is "day".`;
    throw part.problem('query_invalid', detail, { nearest: 'day' });
  }
  if (zone) throw zone.problem('query_invalid', `Column '${column.name}' contains dates, which have no time zone.`);
  return { count, unit, timeZone: null };
}

function planMeasure(part: RequestPart, table: TableState): Measure {
  const members = part.object(['fn', 'column', 'q', 'by', 'approximate', 'as']);
  if (!members.fn) throw part.problem('query_invalid', `Missing fn. The functions are: ${MEASURES.join(', ')}.`);
  const fn = members.fn.oneOf(MEASURES);
  if (!members.column && fn !== 'count') throw part.problem('query_invalid', `"${fn}" requires a column.`);
  const column = members.column ? members.column.column(table.columns) : null;
  if (members.column && column && NUMERIC.has(fn) && !NUMERIC_TYPES.has(column.type)) {
    throw unsuitable(members.column, column, `"${fn}" requires a numeric column`, ['integer', 'number'], table);
  }
  const q = planQuantile(part, fn, members.q);
  const as = members.as?.text() ?? [fn, q, column?.name].filter((name) => name != null).join('_');
  const measure = { fn, column, q, by: planBy(part, fn, members.by, table), as, type: typeOf(fn, column) };
  return planApproximate(fn, members.approximate) ? { ...measure, approximate: true } : measure;
}

function planApproximate(fn: MeasureFunction, part: RequestPart | undefined): boolean {
  if (!part) return false;
  if (typeof part.value !== 'boolean') throw part.problem('query_invalid', 'It must be true or false.');
  if (!part.value || SAMPLED.has(fn)) return part.value;
  const functions = [...SAMPLED].join(', ');
  throw part.problem('query_invalid', `"${fn}" is always exact. Only ${functions} can be approximate.`);
}

function planQuantile(part: RequestPart, fn: MeasureFunction, q: RequestPart | undefined): number | null {
  if (fn === 'quantile') {
    if (q) return q.number(0, 1);
    throw part.problem('query_invalid', '"quantile" requires q, a number from 0 to 1.');
  }
  if (q) throw q.problem('query_invalid', `"${fn}" takes no q.`);
  return null;
}

/** The column by which rows are first and last. */
function planBy(part: RequestPart, fn: MeasureFunction, by: RequestPart | undefined, table: TableState): Column | null {
  if (fn !== 'first' && fn !== 'last') {
    if (by) throw by.problem('query_invalid', `"${fn}" takes no by.`);
    return null;
  }
  if (!by) {
    const column = table.columns.find(({ name }) => name === table.timeColumn);
    if (column) return { name: column.name, type: column.type };
    const { detail, extra } = reasonsForText(table.columns, ['date', 'timestamp']);
    const required = `"${fn}" requires a date or timestamp column, and the table has none.`;
    throw part.problem('no_time_column', required + detail, extra);
  }
  const column = by.column(table.columns);
  if (column.type === 'date' || column.type === 'timestamp') return column;
  throw unsuitable(by, column, `"${fn}" requires a date or timestamp column`, ['date', 'timestamp'], table);
}

/** @returns a problem with the columns of suitable types, and the one with the most similar name */
function unsuitable(
  part: RequestPart,
  column: Column,
  requirement: string,
  types: readonly Column['type'][],
  table: TableState,
): Problem {
  const choices = table.columns.filter(({ type }) => types.includes(type)).map(({ name }) => name);
  const detail = `${requirement}, and '${column.name}' ${hasType(column)}.`;
  const reasons = reasonsForText(
    table.columns.filter(({ name }) => name === column.name),
    types,
  );
  return part.noSuch('column_unsuitable', detail + reasons.detail, choices, reasons.extra);
}

function hasType({ type }: Column): string {
  return type === 'unknown' ? 'has no type, because it has no value yet' : `has the type ${type}`;
}

function typeOf(fn: MeasureFunction, column: Column | null): Measure['type'] {
  switch (fn) {
    case 'count':
    case 'count_distinct':
      return 'integer';
    case 'avg':
    case 'median':
    case 'quantile':
    case 'stddev':
      return 'number';
    default:
      return column?.type ?? 'integer';
  }
}

function planOrder(part: RequestPart, outputs: readonly Column[]): Ordering {
  if (typeof part.value === 'string')
    return { index: findOutput(part, outputs).index, descending: false, nullsFirst: false };
  const { column, direction, nulls } = part.object(['column', 'direction', 'nulls']);
  if (!column) throw part.problem('query_invalid', 'Missing column.');
  return {
    index: findOutput(column, outputs).index,
    descending: direction?.oneOf(['asc', 'desc']) === 'desc',
    nullsFirst: nulls?.oneOf(['first', 'last']) === 'first',
  };
}

/** Appends the groups that are not ordered by, so that the same query has the same result, whatever its limit. */
function complete(orderBy: readonly Ordering[], groupBy: readonly GroupKey[]): readonly Ordering[] {
  const open = groupBy.map((_, index) => index).filter((index) => !orderBy.some((each) => each.index === index));
  return [...orderBy, ...open.map((index) => ({ index, descending: false, nullsFirst: false }))];
}

function findOutput(
  part: RequestPart,
  outputs: readonly Column[],
): { readonly index: number; readonly type: Column['type'] } {
  const name = part.text();
  const exact = outputs.findIndex((output) => output.name === name);
  const folded = name.toLowerCase();
  const index = exact === -1 ? outputs.findIndex((output) => output.name.toLowerCase() === folded) : exact;
  const output = outputs[index];
  if (output) return { index, type: output.type };
  const names = outputs.map((each) => each.name);
  throw part.noSuch(
    'column_not_found',
    `The result has no column ${shown(name)}. Its columns are: ${names.join(', ')}.`,
    names,
  );
}

function refuseSameNames(request: RequestPart, outputs: readonly Column[]): void {
  const names = outputs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw request.problem(
    'query_invalid',
    `Two columns of the result have the name ${shown(twice)}. Rename one with "as".`,
  );
}
