import type { TableState } from '../catalog/catalog.ts';
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
import { readBucket, readTimeZone, SHORTEST_OF_DATES } from './bucket-names.ts';
import { findColumn } from './find-column.ts';
import { planCondition } from './plan-condition.ts';
import { type RequestPart, shown } from './request-part.ts';

/** Every measure there is. */
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
/** Of these the column has to hold numbers. */
const OF_NUMBERS: ReadonlySet<MeasureFunction> = new Set(['sum', 'avg', 'median', 'quantile', 'stddev']);
const MOST_GROUPS = 10;
const MOST_MEASURES = 50;

/**
 * Reads a query and checks it against a table.
 *
 * @param mostRows the longest result
 * @throws Problem query_invalid, column_not_found, column_unsuitable, value_invalid, time_zone_unknown, no_time_column,
 *   too_many_groups; each names the place in the request
 */
export function planQuery(request: RequestPart, table: TableState, mostRows: number): QueryPlan {
  const { measures, group_by, where, having, order_by, limit } = request.object([
    'measures',
    'group_by',
    'where',
    'having',
    'order_by',
    'limit',
  ]);
  const groupBy = group_by?.array(1, MOST_GROUPS).map((part) => planGroup(part, table)) ?? [];
  const measured = measures?.array(1, MOST_MEASURES).map((part) => planMeasure(part, table)) ?? [];
  if (groupBy.length + measured.length === 0) {
    throw request.problem('query_invalid', 'It has neither measures nor group_by, so there is nothing to answer.');
  }
  const outputs = outputsOf({ groupBy, measures: measured });
  refuseSameNames(request, outputs);
  const plan: QueryPlan = {
    groupBy,
    measures: measured,
    where: where ? planCondition(where, (name) => ({ kind: 'column', column: findColumn(name, table.columns) })) : null,
    having: having
      ? planCondition(having, (name) => {
          const { index, type } = findOutput(name, outputs);
          return { kind: 'output', index, type };
        })
      : null,
    orderBy: complete(
      order_by?.array(1, MOST_GROUPS + MOST_MEASURES).map((part) => planOrder(part, outputs)) ?? [],
      groupBy,
    ),
    limit: limit?.integer(1, mostRows) ?? null,
  };
  refuseTooManyBuckets(plan, table, (group) => `${request.pointer}/group_by/${group}/bucket`);
  return plan;
}

function planGroup(part: RequestPart, table: TableState): GroupKey {
  if (typeof part.value === 'string') {
    const column = findColumn(part, table.columns);
    return { column, bucket: null, as: column.name };
  }
  const { column: name, bucket, time_zone, as } = part.object(['column', 'bucket', 'time_zone', 'as']);
  if (!name) throw part.problem('query_invalid', 'It has no column.');
  const column = findColumn(name, table.columns);
  if (!bucket && time_zone) throw time_zone.problem('query_invalid', 'A time zone is for buckets, and there is none.');
  return { column, bucket: bucket ? planBucket(bucket, column, time_zone) : null, as: as?.text() ?? column.name };
}

export function planBucket(part: RequestPart, column: Column, zone: RequestPart | undefined): Bucket {
  if (column.type !== 'date' && column.type !== 'timestamp') {
    const detail = `Buckets are for times, and '${column.name}' is a column of type ${column.type}.`;
    throw part.problem('column_unsuitable', detail);
  }
  const { count, unit, micros } = readBucket(part);
  if (column.type === 'timestamp') return { count, unit, timeZone: zone ? readTimeZone(zone) : null };
  if (micros < SHORTEST_OF_DATES) {
    throw part.problem('query_invalid', `'${column.name}' holds days; the shortest bucket is "day".`, {
      nearest: 'day',
    });
  }
  if (zone) throw zone.problem('query_invalid', `'${column.name}' holds days, which have no time zone.`);
  return { count, unit, timeZone: null };
}

function planMeasure(part: RequestPart, table: TableState): Measure {
  const members = part.object(['fn', 'column', 'q', 'by', 'as']);
  if (!members.fn) throw part.problem('query_invalid', `It has no fn; there are ${MEASURES.join(', ')}.`);
  const fn = members.fn.oneOf(MEASURES);
  if (!members.column && fn !== 'count') throw part.problem('query_invalid', `"${fn}" needs a column.`);
  const column = members.column ? findColumn(members.column, table.columns) : null;
  if (members.column && column && OF_NUMBERS.has(fn) && column.type !== 'integer' && column.type !== 'number') {
    throw unsuitable(members.column, column, `"${fn}" is for numbers`, ['integer', 'number'], table);
  }
  const q = planQuantile(part, fn, members.q);
  const as = members.as?.text() ?? [fn, q, column?.name].filter((name) => name != null).join('_');
  return { fn, column, q, by: planBy(part, fn, members.by, table), as, type: typeOf(fn, column) };
}

function planQuantile(part: RequestPart, fn: MeasureFunction, q: RequestPart | undefined): number | null {
  if (fn === 'quantile') {
    if (q) return q.number(0, 1);
    throw part.problem('query_invalid', '"quantile" needs q, a number from 0 to 1.');
  }
  if (q) throw q.problem('query_invalid', `"${fn}" takes no q.`);
  return null;
}

/** The column of times that says which row is the first or the last. */
function planBy(part: RequestPart, fn: MeasureFunction, by: RequestPart | undefined, table: TableState): Column | null {
  if (fn !== 'first' && fn !== 'last') {
    if (by) throw by.problem('query_invalid', `"${fn}" takes no by.`);
    return null;
  }
  if (!by) {
    const column = table.columns.find(({ name }) => name === table.timeColumn);
    if (column) return { name: column.name, type: column.type };
    throw part.problem('no_time_column', `"${fn}" goes by a column of times, and the table has none.`);
  }
  const column = findColumn(by, table.columns);
  if (column.type === 'date' || column.type === 'timestamp') return column;
  throw unsuitable(by, column, `"${fn}" goes by a column of times`, ['date', 'timestamp'], table);
}

/** @returns a problem that tells the column of these types whose name is nearest */
function unsuitable(
  part: RequestPart,
  column: Column,
  why: string,
  types: readonly Column['type'][],
  table: TableState,
): Problem {
  const choices = table.columns.filter(({ type }) => types.includes(type)).map(({ name }) => name);
  const detail = `${why}, and '${column.name}' is a column of type ${column.type}.`;
  return part.noSuch('column_unsuitable', detail, choices);
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
  if (!column) throw part.problem('query_invalid', 'It has no column.');
  return {
    index: findOutput(column, outputs).index,
    descending: direction?.oneOf(['asc', 'desc']) === 'desc',
    nullsFirst: nulls?.oneOf(['first', 'last']) === 'first',
  };
}

/** Groups that the order leaves open follow, so that the same query has the same answer, whatever its limit. */
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
  throw part.noSuch('column_not_found', `The result has no column ${shown(name)}; it has ${names.join(', ')}.`, names);
}

function refuseSameNames(request: RequestPart, outputs: readonly Column[]): void {
  const names = outputs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw request.problem('query_invalid', `Two columns of the result are named ${shown(twice)}; name one with "as".`);
}
