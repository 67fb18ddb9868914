import type * as api from '../../api/customers.ts';
import type { CustomerDefaults } from '../../catalog/upload-options.ts';
import { checkColumnNames } from '../../csv/column-names.ts';
import { checkDeclared, declaredColumn, NO_OPTIONS, timeZoneOption } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import type { Column } from '../../model/columns.ts';
import { findByName, findPair } from '../../model/combined-columns.ts';
import type { DeclaredColumn } from '../../model/parsed-columns.ts';
import { readOptions } from '../uploads/upload-options.ts';

/** What a customer is created with. */
export interface Declaration {
  readonly timeColumn: string | null;
  readonly columns: readonly DeclaredColumn[] | null;
  /** With what is declared of the columns. */
  readonly defaults: CustomerDefaults;
}

/** @throws Problem upload_option_invalid, time_zone_unknown */
export function readDeclaration(given: api.CreateCustomer): Declaration {
  const { time_column: timeColumn = null, columns = null } = given;
  const declared = (columns ?? []).map(({ name, type, format: pattern = null, time_zone: zone }) => {
    const timeZone = zone == null ? null : timeZoneOption(zone);
    return [name.toLowerCase(), { type, pattern, timeZone }] as const;
  });
  const texts = Object.entries(given.defaults ?? {}).map(([name, value]) => [name, String(value)]);
  const { values, ...options } = readOptions(Object.fromEntries(texts));
  return {
    timeColumn,
    columns: columns?.map(({ name, type, format = null }) => ({ name, type, format })) ?? null,
    defaults: { ...options, values: { ...NO_OPTIONS, ...values, columns: Object.fromEntries(declared) } },
  };
}

/**
 * Checks the columns that a customer is created with, by the same rules as the columns of a file.
 *
 * @throws Problem too_many_columns, column_name_invalid, duplicate_column, time_format_unknown, time_column_unknown, upload_option_invalid
 */
export function checkDeclaration({ timeColumn, columns, defaults }: Declaration, maxColumns: number): void {
  if (columns === null) return;
  if (columns.length > maxColumns) {
    const detail = `${columns.length} columns are declared; a table may have at most ${maxColumns}.`;
    throw new Problem('too_many_columns', detail, { columns: columns.length, max_columns: maxColumns });
  }
  checkColumnNames(columns.map(({ name }) => name));
  for (const { name } of columns) {
    const column = declaredColumn(defaults.values, name);
    checkDeclared(name, column);
    if (column.timeZone !== null && column.type !== 'timestamp') {
      const detail = `Column '${name}' is declared with a time zone. A column of type ${column.type} has none.`;
      throw new Problem('upload_option_invalid', detail, { option: 'time_zone' });
    }
  }
  if (timeColumn === null || isTime(findByName(columns, timeColumn))) return;
  const [day, clock] = findPair(columns, timeColumn)?.map((name) => findByName(columns, name)) ?? [];
  if (isTime(day) && clock?.type === 'text') return;
  const detail = `The time column '${timeColumn}' is not a declared column of type timestamp or date, nor one of days and one of times of day, of type text.`;
  throw new Problem('time_column_unknown', detail);
}

function isTime(column: Column | null | undefined): boolean {
  return column?.type === 'timestamp' || column?.type === 'date';
}
