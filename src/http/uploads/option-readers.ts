import type { DeclaredInUpload } from '../../api/columns.ts';
import type * as api from '../../api/upload-options.ts';
import type { UploadOptions } from '../../catalog/upload-options.ts';
import { characterOption, delimiterOption, quoteOption, skipLinesOption } from '../../csv/dialect-options.ts';
import { columnsOption } from '../../csv/values/columns-option.ts';
import {
  decimalOption,
  nullsOption,
  orderOption,
  thousandsOption,
  timeZoneOption,
  type ValueOptions,
  widenOption,
} from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';

/** An option of an upload by its name in requests; `corrects` refers to another upload and is none of these. */
export type OptionName = keyof Omit<api.FileOptions, 'corrects'>;

interface Reader<Members> {
  /** The member in the code. */
  readonly member: keyof Members;
  /** @throws Problem upload_option_invalid and others */
  readonly read: (text: string) => unknown;
  /** The member as responses show it. Default: as it is */
  readonly show?: (value: never) => unknown;
}

/** How the text of each option is read, except for those of {@link VALUE_OPTIONS}. */
export const UPLOAD_OPTIONS = {
  delimiter: { member: 'delimiter', read: orAuto(delimiterOption) },
  quote: { member: 'quote', read: quoteOption },
  header: { member: 'header', read: orAuto((text) => booleanOption('header', text)) },
  encoding: { member: 'encoding', read: orAuto(encodingOption) },
  skip_lines: { member: 'skipLines', read: skipLinesOption },
  comment: { member: 'comment', read: (text) => characterOption('comment', text) },
  escape: { member: 'escape', read: (text) => characterOption('escape', text) },
  surplus: { member: 'surplus', read: (text) => oneOf('surplus', text, ['reject', 'drop_empty']) },
  strip_nul: { member: 'stripNul', read: (text) => booleanOption('strip_nul', text) },
  on_error: { member: 'onError', read: (text) => oneOf('on_error', text, ['abort', 'skip']) },
  duplicates: { member: 'duplicates', read: (text) => oneOf('duplicates', text, ['append', 'reject']) },
  time_column: { member: 'timeColumn', read: timeColumnOption },
  dry_run: { member: 'dryRun', read: (text) => booleanOption('dry_run', text) },
} as const satisfies Record<Exclude<OptionName, ValueOptionName>, Reader<UploadOptions>>;

/** Those that are about values. */
export const VALUE_OPTIONS = {
  decimal: { member: 'decimal', read: orAuto(decimalOption) },
  thousands: { member: 'thousands', read: orAuto(thousandsOption) },
  nulls: { member: 'nulls', read: nullsOption },
  time_zone: { member: 'timeZone', read: timeZoneOption },
  date_order: { member: 'order', read: orAuto(orderOption) },
  widen: { member: 'widen', read: widenOption, show: widenJson },
  columns: { member: 'columns', read: columnsOption, show: columnsJson },
} as const satisfies Partial<Record<OptionName, Reader<ValueOptions>>>;

type ValueOptionName = keyof typeof VALUE_OPTIONS;

/** The names of options in requests, by their members in the code. */
export const NAMES_OF_MEMBERS: Readonly<Record<string, string>> = Object.fromEntries(
  [...Object.entries(UPLOAD_OPTIONS), ...Object.entries(VALUE_OPTIONS)].map(([name, { member }]) => [member, name]),
);

function timeColumnOption(text: string): string {
  const name = text.trim();
  if (name !== '' && name.length <= 511) return name;
  const detail = 'time_column must be the name of a column, or of two columns such as Date+Time.';
  throw new Problem('upload_option_invalid', detail, { option: 'time_column' });
}

function columnsJson(columns: ValueOptions['columns'] | undefined): readonly DeclaredInUpload[] | null {
  const declared = Object.entries(columns ?? {});
  if (declared.length === 0) return null;
  return declared.map(([folded, { name = folded, type, pattern, timeZone }]) => {
    return { name, type, format: pattern, time_zone: timeZone };
  });
}

function widenJson(widen: ValueOptions['widen']): string | null {
  return widen === null || widen === 'text' ? widen : `text:${widen.join(',')}`;
}

/** `auto` leaves to the file what the customer has a default for. */
function orAuto<Value>(read: (text: string) => Value): (text: string) => Value | null {
  return (text) => (text.trim().toLowerCase() === 'auto' ? null : read(text));
}

function oneOf<const Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text.trim().toLowerCase());
  if (choice !== undefined) return choice;
  const detail = `${option} is '${text.slice(0, 40)}'; it must be ${choices.join(' or ')}.`;
  throw new Problem('upload_option_invalid', detail, { option });
}

function booleanOption(option: string, text: string): boolean {
  switch (text.trim().toLowerCase()) {
    case 'true':
    case '1':
    case 'yes':
      return true;
    case 'false':
    case '0':
    case 'no':
      return false;
    default: {
      const detail = `${option} is '${text.slice(0, 40)}'; it must be true or false.`;
      throw new Problem('upload_option_invalid', detail, { option });
    }
  }
}

/** @returns the name of the encoding in the WHATWG Encoding Standard */
function encodingOption(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    const detail = `encoding is '${label.slice(0, 40)}', which is not a supported encoding.`;
    throw new Problem('upload_option_invalid', detail, { option: 'encoding' }, { cause });
  }
}
