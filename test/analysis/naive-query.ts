import type { Column, ColumnType } from '../../src/model/columns.ts';
import {
  type Bucket,
  type Condition,
  type EqualBuckets,
  type Measure,
  outputsOf,
  type QueryPlan,
} from '../../src/table-store/query-plan.ts';
import type { StoredValue } from '../../src/table-store/table-store.ts';

export type Row = Readonly<Record<string, StoredValue>>;

export interface NaiveResult {
  readonly values: readonly StoredValue[];
  /** For each of `values`: the largest finite size of the numbers that it was computed from; null if there is no rounding. */
  readonly sizes: readonly (number | null)[];
}

/** Evaluates a plan over rows in memory with plain loops, independently of the code that Thena uses. */
export function evaluate(plan: QueryPlan, rows: readonly Row[]): readonly NaiveResult[] {
  const groups = new Map<string, { key: StoredValue[]; rows: Row[] }>();
  if (plan.groupBy.length === 0) groups.set('[]', { key: [], rows: [] });
  const { where } = plan;
  const selected = rows.filter((row) => !where || isTrue(where, (column) => row[column] ?? null, []));
  for (const row of selected) {
    const key = plan.groupBy.map(({ column, bucket }) => {
      const value = row[column.name] ?? null;
      if (!bucket || value === null) return value;
      if ('unit' in bucket) return startOf(bucket, value as bigint);
      if ('width' in bucket) return multipleBelow(value as bigint | number, bucket.width);
      const all = selected.map((each) => each[column.name] ?? null).filter(isFiniteNumber);
      return edgeOf(bucket, value as bigint | number, all);
    });
    const name = JSON.stringify(key.map(String));
    const group = groups.get(name) ?? { key, rows: [] };
    groups.set(name, group);
    group.rows.push(row);
  }
  const outputs = outputsOf(plan);
  let results = [...groups.values()].map((group) => ({
    values: [...group.key, ...plan.measures.map((measure) => measured(measure, group.rows))],
    sizes: sizesOf(plan, group.rows),
  }));
  const { having } = plan;
  if (having) results = results.filter(({ values }) => isTrue(having, () => null, values));
  results.sort((a, b) => {
    for (const { index, descending, nullsFirst } of plan.orderBy) {
      const [left, right] = [a.values[index] ?? null, b.values[index] ?? null];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === nullsFirst ? -1 : 1;
      const order = compare(left, right, (outputs[index] as Column).type);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return plan.limit === null ? results : results.slice(0, plan.limit);
}

/** The sizes of a result that is computed from these rows. */
export function sizesOf({ groupBy, measures }: QueryPlan, rows: readonly Row[]): NaiveResult['sizes'] {
  const sizes = measures.map(({ fn, column, type }) => {
    const isRounded = ['sum', 'avg', 'median', 'quantile', 'stddev'].includes(fn) && type === 'number';
    if (!isRounded || column === null) return null;
    const numbers = rows.map((row) => Math.abs(Number(row[column.name] ?? 0)));
    return numbers.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
  });
  return [...groupBy.map(() => null), ...sizes];
}

function compare(a: StoredValue, b: StoredValue, type: ColumnType): number {
  if (type === 'text') return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  // NaN is equal to itself, and greater than every other number.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
}

/** Three-valued as in SQL: null if it is neither true nor false. */
function truth(
  condition: Condition,
  cell: (column: string) => StoredValue,
  result: readonly StoredValue[],
): boolean | null {
  const of = (operand: { kind: string; column?: Column; index?: number }): StoredValue =>
    operand.kind === 'column' ? cell((operand.column as Column).name) : (result[operand.index as number] ?? null);
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.conditions.map((part) => truth(part, cell, result));
      const decides = condition.kind === 'or';
      if (parts.includes(decides)) return decides;
      return parts.includes(null) ? null : !decides;
    }
    case 'not': {
      const part = truth(condition.condition, cell, result);
      return part === null ? null : !part;
    }
    case 'is_null':
      return of(condition.operand) === null;
    case 'in': {
      const value = of(condition.operand);
      return value === null ? null : condition.values.includes(value);
    }
    case 'like': {
      const value = of(condition.operand);
      return value === null ? null : likePattern(condition.pattern).test(value as string);
    }
    case 'compare': {
      const value = of(condition.operand);
      if (value === null) return null;
      const type = typeof value === 'string' ? 'text' : 'number';
      const order = compare(value, condition.value, type);
      const holds = {
        '=': order === 0,
        '!=': order !== 0,
        '<': order < 0,
        '<=': order <= 0,
        '>': order > 0,
        '>=': order >= 0,
      };
      return holds[condition.op];
    }
  }
}

function isTrue(condition: Condition, cell: (column: string) => StoredValue, result: readonly StoredValue[]): boolean {
  return truth(condition, cell, result) === true;
}

function likePattern(pattern: string): RegExp {
  const parts = pattern.match(/\\.|[\s\S]/gu) ?? [];
  const source = parts.map((part) => {
    if (part === '%') return '[\\s\\S]*';
    if (part === '_') return '[\\s\\S]';
    return (part.startsWith('\\') ? part.slice(1) : part).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 'u');
}

function measured({ fn, column, q, by, type }: Measure, rows: readonly Row[]): StoredValue {
  if (column === null) return BigInt(rows.length);
  const values = rows.map((row) => row[column.name] ?? null).filter((value) => value !== null);
  const sorted = values.toSorted((a, b) => compare(a, b, column.type));
  const numbers = sorted.map(Number);
  switch (fn) {
    case 'count':
      return BigInt(values.length);
    case 'count_distinct':
      return BigInt(new Set(values).size);
    case 'min':
      return sorted[0] ?? null;
    case 'max':
      return sorted.at(-1) ?? null;
    case 'sum':
      if (values.length === 0) return null;
      if (type === 'integer') return values.reduce<bigint>((sum, value) => sum + (value as bigint), 0n);
      return numbers.reduce((sum, value) => sum + value, 0);
    case 'avg':
      return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    case 'median':
    case 'quantile':
      return interpolated(numbers, q ?? 0.5);
    case 'stddev': {
      if (numbers.length < 2) return null;
      const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
      return Math.sqrt(numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numbers.length - 1));
    }
    case 'first':
    case 'last': {
      const time = (by as Column).name;
      const pairs = rows.filter((row) => row[time] !== null && row[column.name] !== null);
      pairs.sort((a, b) => {
        const times = compare(a[time] ?? null, b[time] ?? null, 'timestamp');
        return times === 0 ? compare(a[column.name] ?? null, b[column.name] ?? null, column.type) : times;
      });
      return (fn === 'first' ? pairs[0] : pairs.at(-1))?.[column.name] ?? null;
    }
  }
}

function interpolated(sorted: readonly number[], q: number): number | null {
  if (sorted.length === 0) return null;
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  const share = place - Math.floor(place);
  return share === 0 ? below : below * (1 - share) + above * share;
}

function isFiniteNumber(value: StoredValue): value is bigint | number {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value));
}

/** The greatest multiple of a width that is not greater than a number, by trying. */
function multipleBelow(value: bigint | number, width: number): bigint | number {
  if (typeof value === 'bigint') {
    const rest = ((value % BigInt(width)) + BigInt(width)) % BigInt(width);
    return value - rest;
  }
  if (!(Math.abs(value / width) < 2 ** 53)) return value;
  // 3 * 0.1 is 0.30000000000000004, and 3 / 10 is 0.3.
  const multiple = (index: number) => (width < 1 && Number.isInteger(1 / width) ? index / (1 / width) : index * width);
  let index = Math.floor(value / width) - 3;
  while (multiple(index + 1) <= value) index++;
  return multiple(index) + 0;
}

function edgeOf({ parts, edge }: EqualBuckets, value: bigint | number, all: readonly (bigint | number)[]): StoredValue {
  if (!isFiniteNumber(value)) return value;
  const least = all.reduce((a, b) => (b < a ? b : a));
  const greatest = all.reduce((a, b) => (b > a ? b : a));
  if (typeof value === 'bigint') {
    const [from, span] = [BigInt(least), BigInt(greatest) - BigInt(least) + 1n];
    const width = (span + BigInt(parts) - 1n) / BigInt(parts);
    const lower = from + ((value - from) / width) * width;
    return edge === 'lower' ? lower : lower + width;
  }
  const [from, span] = [Number(least), Number(greatest) - Number(least)];
  let bounds = [from];
  for (let part = 1; part < parts; part++) bounds.push(from + (span * part) / parts);
  bounds = [...new Set(bounds.filter((bound) => bound === from || bound < Number(greatest)))];
  const at = bounds.findLastIndex((bound) => bound <= value);
  return edge === 'lower' ? (bounds[at] as number) : (bounds[at + 1] ?? Number(greatest));
}

const PER_UNIT = { second: 1, minute: 60, hour: 3600 } as const;

/** The start of the bucket that contains a time, in microseconds. */
export function startOf({ count, unit, timeZone }: Bucket, micros: bigint): bigint {
  const zone = timeZone ?? 'UTC';
  const instant = Temporal.Instant.fromEpochNanoseconds(micros * 1000n);
  const local = instant.toZonedDateTimeISO(zone);
  if (unit === 'second' || unit === 'minute' || unit === 'hour') {
    const seconds = local.hour * 3600 + local.minute * 60 + local.second;
    const over = seconds % (count * PER_UNIT[unit]);
    const fraction = micros - (micros / 1_000_000n) * 1_000_000n;
    const wholeMicros = micros - (fraction < 0n ? fraction + 1_000_000n : fraction);
    if (unit !== 'hour' || count === 1) return wholeMicros - BigInt(over) * 1_000_000n;
    const wall = local.toPlainDate().toPlainDateTime({ hour: Math.floor(seconds / (count * 3600)) * count });
    return firstMoment(wall, zone);
  }
  const day = local.toPlainDate();
  const first = {
    day: day,
    week: day.subtract({ days: day.dayOfWeek - 1 }),
    month: day.with({ day: 1 }),
    quarter: day.with({ day: 1, month: Math.floor((day.month - 1) / 3) * 3 + 1 }),
    year: day.with({ day: 1, month: 1 }),
  }[unit];
  return firstMoment(first.toPlainDateTime(), zone);
}

/** In microseconds. A local time that clocks skip is the moment at which they do. */
function firstMoment(wall: Temporal.PlainDateTime, zone: string): bigint {
  const moment = wall.toZonedDateTime(zone);
  const isSkipped = !moment.toPlainDateTime().equals(wall);
  const first = isSkipped ? moment.add({ nanoseconds: 1 }).getTimeZoneTransition('previous') : moment;
  return (first as Temporal.ZonedDateTime).epochNanoseconds / 1000n;
}
