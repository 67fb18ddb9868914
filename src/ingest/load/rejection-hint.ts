import type { Customer } from '../../catalog/customer.ts';
import type { UploadOptions } from '../../catalog/upload-options.ts';
import { styleLike, UNREAD_STYLES } from '../../csv/values/unread-style.ts';
import { declaredColumn } from '../../csv/values/value-options.ts';
import type { LogicalType } from '../../model/columns.ts';
import type { ParsedFile } from '../../model/parsed-columns.ts';
import type { RejectedRow, RejectionCode } from '../../model/rejected-row.ts';
import type { ValueFormat } from '../../model/value-format.ts';

export interface RejectedFile {
  readonly customer: Customer;
  readonly options: UploadOptions;
  readonly file: ParsedFile;
  /** Names of integer columns that cannot become number columns. */
  readonly inexactIntegers: ReadonlySet<string>;
}

/** The type that keeps a value which is right, but which the type of its column cannot keep. */
const KEEPING: Partial<Readonly<Record<RejectionCode, LogicalType>>> = {
  leading_zero: 'text',
  leading_plus: 'text',
  out_of_range: 'text',
  too_many_digits: 'text',
  has_fraction: 'number',
  has_clock_time: 'timestamp',
};

const MAX_REMEDIES = 3;

/** What to do about rejected rows, by their reasons. Does not advise to leave out rows whose values are right. */
export function rejectionHint(rows: readonly RejectedRow[], rejected: RejectedFile): string {
  const remedies = new Set(rows.flatMap((row) => remediesFor(row, rows, rejected)));
  const areRight = rows.some(({ code }) => code in KEEPING);
  const last = areRight ? '.' : ', or retry the upload with on_error=skip to load the other rows.';
  const list = [...remedies].slice(0, MAX_REMEDIES);
  return [...list, `Or fix the rows listed by GET /api/v1/uploads/{id}/rejects and upload the file again${last}`]
    .join(' ')
    .replace(/^Or f/, 'F');
}

function remediesFor(row: RejectedRow, rows: readonly RejectedRow[], rejected: RejectedFile): readonly string[] {
  const remedy = remedyFor(row, rejected);
  if (remedy !== null) return [remedy];
  const isWidened = isNothingLike(row.code) && mayBecomeText(row.column, rejected);
  return [
    nullsRemedy(row, rows, rejected) ?? [],
    isWidened ? `If it is a value, set ${wideningOf(row.column)}: column '${row.column}' becomes text.` : [],
  ].flat();
}

function mayBecomeText(
  column: string | null,
  { customer: { table, ...customer }, options }: RejectedFile,
): column is string {
  if (column === null || table === null) return false;
  const timeColumn = table.columns.find(({ name }) => name === table.timeColumn);
  const isTime = timeColumn?.name === column || (timeColumn?.derivedFrom?.includes(column) ?? false);
  return !isTime && !isDeclared(column, { customer, options });
}

function isDeclared(
  column: string,
  { customer, options }: { readonly customer: Omit<Customer, 'table'>; readonly options: UploadOptions },
): boolean {
  return (
    customer.declaredColumns?.some(({ name }) => name === column) ||
    declaredColumn(customer.defaults.values, column).type !== null ||
    declaredColumn(options.values, column).type !== null
  );
}

/** A name with a comma cannot be given. */
function wideningOf(column: string): string {
  return column.includes(',') ? 'widen=text' : `widen=text:${column}`;
}

function remedyFor({ code, column, text }: RejectedRow, rejected: RejectedFile): string | null {
  const { options, file } = rejected;
  const format = file.columns.find(({ name }) => name === column)?.format;
  const keeping = KEEPING[code];
  if (keeping && column !== null && format) return keepingRemedy(column, format, keeping, rejected);
  switch (code) {
    case 'wrong_field_count':
      return fieldCountRemedy(text, options);
    case 'malformed_record':
      return text.includes('\\"') ? 'If the file writes quotes as \\", set escape=\\.' : null;
    case 'other_number_style':
      return format?.type === 'number'
        ? `If the numbers of the file have a decimal ${format.decimal === '.' ? 'comma' : 'point'}, set decimal=${format.decimal === '.' ? ',' : '.'}.`
        : 'Write all numbers of the file in one style, such as without marks between thousands.';
    case 'other_date_order':
      return `If the dates of the file have another order, set date_order, such as date_order=${otherOrder(format)}.`;
    case 'ambiguous_date':
      return 'Set date_order, such as date_order=dmy.';
    case 'no_such_local_time':
      return 'If the times are not local times of that zone, set time_zone, such as time_zone=UTC.';
    default:
      return code.startsWith('not_') && format ? styleRemedy(text, format) : null;
  }
}

/** Of a value that is written in a way that is not read. */
function styleRemedy(text: string, { type }: ValueFormat): string | null {
  const style = styleLike(text.trim(), type);
  return style === null ? null : UNREAD_STYLES[style].remedy;
}

function keepingRemedy(column: string, format: ValueFormat, type: LogicalType, rejected: RejectedFile): string {
  const { customer, options, inexactIntegers } = rejected;
  if (customer.table === null && declaredColumn(options.values, column).type !== null)
    return `The upload declares column '${column}' as ${format.type}. To keep such values, declare it as ${type}: columns=${JSON.stringify([{ name: column, type }])}.`;
  const declared =
    customer.declaredColumns?.some(({ name }) => name === column) ||
    declaredColumn(customer.defaults.values, column).type !== null;
  if (declared || customer.table === null)
    return `Column '${column}' is declared as ${format.type}. To keep such values, create a customer with this column declared as ${type}.`;
  const why = inexactIntegers.has(column)
    ? `Column '${column}' stays integer: it has values beyond 2^53 that would change if it became number.`
    : `Column '${column}' is ${format.type} since an earlier file.`;
  return mayBecomeText(column, rejected)
    ? `${why} To keep such values, set ${wideningOf(column)}: the column becomes text.`
    : `Column '${column}' is ${format.type} since an earlier file. To keep such values, undo the earlier uploads and upload this file first.`;
}

/** @param record its text. A delimiter in a field may be protected in a way that the dialect does not have. */
function fieldCountRemedy(record: string, options: UploadOptions): string | null {
  if (options.surplus === 'reject' && endsEmpty(record)) return 'If a delimiter ends each row, set surplus=drop_empty.';
  if (/\\[,;\t|]/.test(record)) return 'If the file writes delimiters in fields with a backslash, set escape=\\.';
  return /(?:^|[,;\t|])'[^']*[,;\t|][^']*'(?:$|[,;\t|])/.test(record)
    ? "If the file has single quotes around fields, set quote='."
    : null;
}

function endsEmpty(record: string): boolean {
  return /[,;\t|]\s*$/.test(record);
}

function otherOrder(format: ValueFormat | undefined): string {
  return format && 'order' in format && format.order === 'dmy' ? 'mdy' : 'dmy';
}

const MAX_WORDS = 5;

/** Values that are nothing like the type may be words for null. */
function nullsRemedy(
  { code, column }: RejectedRow,
  rows: readonly RejectedRow[],
  { file }: RejectedFile,
): string | null {
  if (column === null || !isNothingLike(code)) return null;
  const words = new Set(rows.filter((row) => row.column !== null && isNothingLike(row.code)).map(({ text }) => text));
  const mayBeNull = [...words].every((word) => word.trim() === word && word.length <= 64 && !word.includes(','));
  if (words.size > MAX_WORDS || !mayBeNull || [...words].some(isNoNull(column))) return null;
  const shown = [...words].map((word) => `'${word}'`).join(', ');
  const verb = words.size === 1 ? 'means' : 'mean';
  return `If ${shown} ${verb} that there is no value, set nulls=${[...file.nulls, ...words].join(',')}.`;
}

/** Makes the test for words that surely do not mean null: a repeated header, and words for true and false. */
function isNoNull(column: string): (word: string) => boolean {
  return (word) => word.toLowerCase() === column.toLowerCase() || TRUTH.test(word);
}

const TRUTH = /^(?:true|false|yes|no|y|n|t|f|on|off|[01])$/i;

function isNothingLike(code: RejectionCode): boolean {
  return code.startsWith('not_') || code === 'no_such_day';
}
