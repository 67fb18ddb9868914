import { findTableBelow, type TableBelow, titleAboveHeader } from './find-title.ts';
import { type HeadText, plainText, sampleRecords } from './head-text.ts';
import type { CsvRecord } from './record-reader.ts';

const DELIMITERS = [',', ';', '\t', '|'] as const;
/** If more records have as many fields as the first one, it is no title. */
const MAX_AGREEMENT_OF_TITLE = 0.5;
/** If fewer records have as many fields as the first one, it is not offered as the delimiter. */
const MIN_AGREEMENT_OF_OTHER = 0.5;

/** A character that may be the delimiter, and the number of fields that the first record would have. */
export interface OtherDelimiter {
  readonly delimiter: string;
  readonly fields: number;
}

export interface DetectedDelimiter {
  readonly delimiter: string;
  /** The other candidates with which most records have the same number of fields, at least two. */
  readonly others: readonly OtherDelimiter[];
}

/**
 * The delimiter with which most records have the same number of fields as the first one, at least two. If several are equally
 * good, the one that results in more fields; any other one if all commas are decimal points. If there is none, the file has one
 * column, and the delimiter is the first candidate.
 *
 * @param given by an option or the file; null: detected
 * @throws Problem title_above_header if with one of them, a table begins below the first record
 */
export function detectDelimiter(text: HeadText, given: string | null): DetectedDelimiter {
  const { quote, complete, linesBefore } = text;
  const candidates = given === null ? DELIMITERS : [given];
  let best = { delimiter: candidates[0] ?? ',', agreement: 0, fields: 1 };
  const possible: OtherDelimiter[] = [];
  let below: TableBelow | null = null;
  for (const delimiter of candidates) {
    const records = sampleRecords(plainText(text, delimiter), { delimiter, quote }, complete);
    const fields = records[0]?.fields.length ?? 1;
    const table = findTableBelow(records, delimiter);
    if (table && (below === null || table.agreement * table.fields > below.agreement * below.fields)) below = table;
    if (fields < 2) continue;
    const agreeing = records.filter((record) => record.malformed === null && record.fields.length === fields);
    const agreement = agreeing.length / records.length;
    if (agreement >= MIN_AGREEMENT_OF_OTHER) possible.push({ delimiter, fields });
    const better = agreement - best.agreement;
    const moreFields = fields > best.fields || (best.delimiter === ',' && commasAreDecimal(agreeing));
    // A few malformed lines must not favour a delimiter that merely occurs in the text.
    if (better > 0.1 || (better > -0.1 && moreFields)) best = { delimiter, agreement, fields };
  }
  if (below && best.agreement < MAX_AGREEMENT_OF_TITLE) throw titleAboveHeader(below, linesBefore);
  return { delimiter: best.delimiter, others: possible.filter(({ delimiter }) => delimiter !== best.delimiter) };
}

/** A number with a decimal comma, with or without marks between thousands. */
const DECIMAL_COMMA = /^ *[+-]?(?:\d+|\d{1,3}(?:[.'’ \u00a0\u202f]\d{3})+),\d+ *$/;

/** Whether there are commas in the fields of these records, and each is the decimal point of a number. */
export function commasAreDecimal(records: readonly CsvRecord[]): boolean {
  const withComma = records.flatMap(({ fields }) => fields.filter((field) => field?.includes(',')));
  return withComma.length > 0 && withComma.every((field) => DECIMAL_COMMA.test(field ?? ''));
}
