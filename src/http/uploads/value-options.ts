import type * as api from '../../api/upload-options.ts';
import {
  checkMarks,
  decimalOption,
  NO_OPTIONS,
  nullsOption,
  orderOption,
  thousandsOption,
  timeZoneOption,
  type ValueOptions,
  widenOption,
} from '../../csv/values/value-options.ts';

type Name = keyof typeof api.givenValueOptions;

/** The options as text, by their names in requests. */
export type RawValueOptions = { readonly [Each in Name]?: string };

/** Each option: its member in the code, and how its text is read. */
const READERS = {
  decimal: { member: 'decimal', read: decimalOption },
  thousands: { member: 'thousands', read: thousandsOption },
  nulls: { member: 'nulls', read: nullsOption },
  time_zone: { member: 'timeZone', read: timeZoneOption },
  date_order: { member: 'order', read: orderOption },
  widen: { member: 'widen', read: widenOption },
} as const satisfies Record<Name, { readonly member: keyof ValueOptions; readonly read: (text: string) => unknown }>;

/** The names of the options in requests and in the code. */
export const VALUE_OPTION_NAMES = Object.entries(READERS).map(([name, { member }]) => [name as Name, member] as const);

/** Reads options of an upload, or the defaults of a customer. @throws Problem upload_option_invalid, time_zone_unknown */
export function readValueOptions(raw: RawValueOptions): ValueOptions {
  const given = Object.entries(READERS).flatMap(([name, { member, read }]) => {
    const text = raw[name as Name];
    return text === undefined ? [] : [[member, read(text)] as const];
  });
  const options: ValueOptions = { ...NO_OPTIONS, ...Object.fromEntries(given) };
  checkMarks(options);
  return options;
}

/** The options as responses show them. */
export function valueOptionsJson(options: ValueOptions): Pick<api.UploadOptions, Name> {
  const { decimal, thousands, nulls, timeZone, order, widen } = options;
  return {
    decimal,
    thousands,
    nulls: nulls && [...nulls],
    time_zone: timeZone,
    date_order: order,
    widen: widen === null || widen === 'text' ? widen : `text:${widen.join(',')}`,
  };
}
