import { Problem } from '../../errors.ts';
import type { LogicalType } from '../../model/columns.ts';
import { checkDeclared, type DeclaredColumn, timeZoneOption, type ValueOptions } from './value-options.ts';

const TYPES: readonly LogicalType[] = ['integer', 'number', 'boolean', 'date', 'timestamp', 'text'];
const MEMBERS: readonly string[] = ['name', 'type', 'format', 'time_zone'];

/** As of columns of a table. */
const MAX_NAME_LENGTH = 255;

type Declaration = readonly [name: string, column: DeclaredColumn];

/**
 * What an upload declares of columns: the JSON list of `POST /customers`, in which only `name` is required, or `name:type` and
 * `name:format`, separated by commas.
 *
 * @throws Problem upload_option_invalid, time_format_unknown, time_zone_unknown
 */
export function columnsOption(text: string): ValueOptions['columns'] {
  const declarations = text.trim().startsWith('[') ? fromJson(text) : fromPairs(text);
  const names = new Set<string>();
  for (const [name, column] of declarations) {
    if ([...name].length > MAX_NAME_LENGTH) throw invalid(`has a name of more than ${MAX_NAME_LENGTH} characters`);
    if (names.has(fold(name))) throw invalid(`names '${name}' twice`);
    names.add(fold(name));
    checkDeclared(name, column);
    if (column.timeZone !== null && column.type !== null && column.type !== 'timestamp')
      throw invalid(`declares '${name}' with a time zone, which a column of type ${column.type} does not have`);
  }
  return Object.fromEntries(declarations.map(([name, column]) => [fold(name), { ...column, name }]));
}

function fold(name: string): string {
  return name.toLowerCase();
}

function fromPairs(text: string): readonly Declaration[] {
  return text.split(',').map((pair) => {
    // A format may contain colons; a name with one needs JSON.
    const [, name = '', what = ''] = /^([^:]+):([\s\S]+)$/.exec(pair.trim()) ?? [];
    if (name === '') throw invalid(`has '${pair.slice(0, 80)}', which is not a name, a colon, and a type or format`);
    const type = TYPES.find((each) => each === what.toLowerCase()) ?? null;
    return [name.trim(), { type, pattern: type === null ? what : null, timeZone: null }] as const;
  });
}

function fromJson(text: string): readonly Declaration[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
  return (list as readonly unknown[]).map((each, index) => {
    const item = `has in item ${index + 1}`;
    if (typeof each !== 'object' || each === null || Array.isArray(each)) throw invalid(`${item} no object`);
    const unknown = Object.keys(each).find((member) => !MEMBERS.includes(member));
    if (unknown !== undefined)
      throw invalid(`${item} '${unknown.slice(0, 80)}', but only ${MEMBERS.join(', ')} are known`);
    const member = (name: string): string | null => {
      const value: unknown = (each as Readonly<Record<string, unknown>>)[name] ?? null;
      if (value === null || typeof value === 'string') return value;
      throw invalid(`${item} a ${name} that is not a string`);
    };
    const name = member('name');
    if (name === null || name === '') throw invalid(`${item} no name`);
    const type = TYPES.find((known) => known === member('type')) ?? null;
    if (type === null && member('type') !== null)
      throw invalid(`${item} the type '${member('type')?.slice(0, 40)}'; known are ${TYPES.join(', ')}`);
    const zone = member('time_zone');
    return [name, { type, pattern: member('format'), timeZone: zone === null ? null : timeZoneOption(zone) }] as const;
  });
}

function invalid(what: string, cause?: unknown): Problem {
  const detail = `The option columns ${what}.`;
  return new Problem('upload_option_invalid', detail, { option: 'columns' }, { cause });
}
