import type { Customer } from '../../catalog/customer.ts';
import type { UploadOptions } from '../../catalog/upload-options.ts';
import { columnsFor, type ValueOptions } from '../../csv/values/value-options.ts';

/** How the values of an upload are to be read, with what its customer declares of columns. */
export function valueOptionsOf(
  { values, fromCustomer }: UploadOptions,
  { defaults, declaredColumns }: Customer,
): ValueOptions {
  const timeZone = fromCustomer.includes('timeZone') ? null : values.timeZone;
  const declared = (declaredColumns ?? []).map(
    ({ name, type, format }) => [name.toLowerCase(), { type, pattern: format, timeZone: null }] as const,
  );
  const ofCustomer = { ...Object.fromEntries(declared), ...defaults.values.columns };
  return { ...values, columns: columnsFor(values.columns, ofCustomer, timeZone) };
}
