import type { Customer } from '../../catalog/customer.ts';
import type { UploadOptions } from '../../catalog/upload.ts';
import { optionsFor, type ValueOptions } from '../../csv/values/value-options.ts';

/** How the values of an upload are to be read, as the upload and its customer declare it. */
export function valueOptionsOf({ values }: UploadOptions, { defaults, declaredColumns }: Customer): ValueOptions {
  const declared = (declaredColumns ?? []).map(
    ({ name, type, format }) => [name.toLowerCase(), { type, pattern: format, timeZone: null }] as const,
  );
  const columns = { ...Object.fromEntries(declared), ...defaults.columns };
  return optionsFor(values, { ...defaults, columns });
}
