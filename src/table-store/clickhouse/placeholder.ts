import type { ColumnType } from '../../model/columns.ts';
import type { PlanValue } from '../query-plan.ts';
import type { Parameters } from '../sql/parameters.ts';
import { literal } from './clickhouse-sql.ts';

const DAY_MICROS = 86_400_000_000n;
/** A server accepts parameters of up to 128 KiB each (http_max_field_value_size), in a URL that has three characters for most bytes. */
const MAX_LIST_BYTES = 32 * 1024;
/** A URL may have 1000 fields (http_max_fields), of which settings are some, and 1 MiB (http_max_uri_size), with three characters for most bytes. */
const MAX_BOUND = 800;
const MAX_BOUND_BYTES = 300 * 1024;

/** Binds a value. @returns its placeholder, of the type in which a column of `type` is stored */
export function placeholder(parameters: Parameters, value: PlanValue, type: ColumnType): string {
  const text = type === 'text' ? (value as string) : storedText(value, type);
  return bound(parameters, text, storedType(value, type));
}

/** Binds the text of a value. @returns its placeholder; a literal if the URL has no space for the value */
function bound(parameters: Parameters, text: string, type: string): string {
  const isText = type === 'String';
  const parameter = isText ? escaped(text) : text;
  const { values } = parameters;
  const bytes = [...values, parameter].reduce<number>((sum, value) => sum + Buffer.byteLength(String(value)), 0);
  if (values.length < MAX_BOUND && bytes <= MAX_BOUND_BYTES) return `{p${parameters.add(parameter)}:${type}}`;
  return isText ? literal(text) : `CAST(${literal(text)}, '${type}')`;
}

/** Binds lists of values, each of a size that a server accepts. */
export function listPlaceholders(parameters: Parameters, values: readonly PlanValue[], type: ColumnType): string[] {
  const lists: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const value of values) {
    const text = type === 'text' ? `'${escaped(value as string).replaceAll("'", "\\'")}'` : storedText(value, type);
    const size = Buffer.byteLength(text) + 1;
    bytes += size;
    if (bytes > MAX_LIST_BYTES) {
      lists.push([]);
      bytes = size;
    }
    lists.at(-1)?.push(text);
  }
  const [first = 0] = values;
  const widest = type === 'integer' ? (values.find((value) => !fitsWord(value as bigint)) ?? first) : first;
  return lists.map((list) => bound(parameters, `[${list.join(',')}]`, `Array(${storedType(widest, type)})`));
}

/** Statement settings that pass the bound values, in ClickHouse's form of them, by name. */
export function parameterSettings(values: readonly PlanValue[]): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map((value, index) => [`param_p${index + 1}`, String(value)]));
}

function fitsWord(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function storedType(value: PlanValue, type: ColumnType): string {
  switch (type) {
    case 'unknown':
      throw new Error('nothing is compared with a column without values');
    case 'integer':
      return fitsWord(BigInt(value)) ? 'Int64' : 'Int128';
    case 'number':
      return 'Float64';
    case 'boolean':
      return 'Bool';
    case 'date':
      return 'Int32';
    case 'timestamp':
      return 'Int64';
    case 'text':
      return 'String';
  }
}

function storedText(value: PlanValue, type: ColumnType): string {
  if (type === 'date') return String(daysOf(value as bigint));
  if (typeof value !== 'number' || Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function daysOf(micros: bigint): bigint {
  const days = micros / DAY_MICROS;
  return micros % DAY_MICROS < 0n ? days - 1n : days;
}

/** A text in the form that ClickHouse calls escaped. */
function escaped(text: string): string {
  return text.replaceAll(/[\\\t\n\r\0]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };
