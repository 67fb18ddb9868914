import type { Customer } from '../../catalog/customer.ts';
import { NO_OPTIONS, type ValueOptions } from '../../csv/values/value-options.ts';

/** How the values of an upload are to be read, as its customer declared it. */
export function valueOptionsOf({ declaredColumns }: Customer): ValueOptions {
  const columns = (declaredColumns ?? []).map(
    ({ name, type, format }) => [name.toLowerCase(), { type, pattern: format, timeZone: null }] as const,
  );
  return { ...NO_OPTIONS, columns: Object.fromEntries(columns) };
}
