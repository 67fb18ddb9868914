import { commasAreDecimal, type OtherDelimiter } from './detect-delimiter.ts';
import type { CsvRecord } from './record-reader.ts';

/** What could also separate fields. Not a dot or a minus, which occur in numbers. */
const OTHER_DELIMITERS = /[!#$%&()*+/:;<=>?@[\]\\^_`{|}~ \t]/g;
const SINGLE_QUOTED = /^ *'.*' *$/s;

interface SampledDialect {
  readonly header: boolean;
  readonly delimiter: string;
  /** Other characters with which most records have the same number of fields. */
  readonly others: readonly OtherDelimiter[];
  /** Number of lines above the sample. */
  readonly linesBefore: number;
  /** Whether the header has no name for the first column. */
  readonly unnamed: boolean;
  /** What no option or line of the file gave. */
  readonly detected: { readonly delimiter: boolean; readonly quote: boolean };
}

/**
 * Warns of fields that are read as they are written, although the sender may have meant something else: the quotes or the
 * delimiter of the file may be other characters than those with which it is read.
 *
 * @param sample the first records, with the header if there is one
 */
export function dialectDoubts(
  columns: readonly string[],
  sample: readonly CsvRecord[],
  { header, delimiter: chosen, others, detected, linesBefore, unnamed }: SampledDialect,
): readonly string[] {
  const warnings: string[] = [];
  if (unnamed) warnings.push(`The first column has no name in the header. It is named '${columns[0]}'.`);
  if (header) warnings.push(...repeatedHeader(sample, linesBefore));
  if (detected.delimiter) warnings.push(...alsoDelimits(sample, chosen, others), ...quotedLines(columns, sample));
  const [other] = detected.delimiter && columns.length === 1 ? otherDelimiter(sample) : [];
  if (other) {
    const { delimiter } = other;
    const shown = delimiter === ' ' ? 'a space' : `'${delimiter}'`;
    const option = delimiter === ' ' ? 'space' : delimiter;
    warnings.push(
      `The file was read as one column, '${columns[0]}', but every line contains ${shown} the same number of times. If it is the delimiter, set delimiter=${option}.`,
    );
  }
  const quoted = detected.quote ? singleQuoted(columns, header ? sample.slice(1) : sample) : [];
  if (quoted.length > 0) {
    const named = quoted.map((name) => `'${name}'`).join(', ');
    warnings.push(
      `All fields of ${named} are in single quotes, which were read as part of the text. If they are quotes, set quote='.`,
    );
  }
  return warnings;
}

/** A row with the names of all columns, as where files were joined. */
function repeatedHeader([first, ...rows]: readonly CsvRecord[], linesBefore: number): readonly string[] {
  const names = first?.fields.map((field) => (field ?? '').trim()) ?? [];
  const repeated = rows.find(
    ({ fields }) =>
      fields.length === names.length && fields.every((field, index) => (field ?? '').trim() === names[index]),
  );
  if (repeated === undefined) return [];
  return [
    `Line ${linesBefore + repeated.line} repeats the header, and is a row like any other. If it is none, undo this upload, remove the line and send the file again.`,
  ];
}

/** Another delimiter that is in every record equally often: in the text of fields, as it is read. */
function alsoDelimits(
  sample: readonly CsvRecord[],
  chosen: string,
  others: readonly OtherDelimiter[],
): readonly string[] {
  const times = ({ fields }: CsvRecord, character: string): number =>
    fields.reduce((sum, field) => sum + (field ?? '').split(character).length - 1, 0);
  const [first] = sample;
  const other = others.find(
    ({ delimiter, fields }) =>
      first !== undefined &&
      sample.length > 1 &&
      times(first, delimiter) === fields - 1 &&
      sample.every((record) => times(record, delimiter) === fields - 1) &&
      !(delimiter === ',' && commasAreDecimal(sample)),
  );
  if (other === undefined) return [];
  const { delimiter, fields } = other;
  return [
    `The file was read with ${shownDelimiter(chosen)} as the delimiter, but every line also has ${fields} fields if it is ${shownDelimiter(delimiter)}. If so, undo this upload and send the file with delimiter=${DELIMITER_OPTIONS[delimiter] ?? delimiter}.`,
  ];
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = { '\t': 'a tab', ' ': 'a space' };
const DELIMITER_OPTIONS: Readonly<Record<string, string>> = { '\t': 'tab', ' ': 'space' };

function shownDelimiter(delimiter: string): string {
  return DELIMITER_NAMES[delimiter] ?? `'${delimiter}'`;
}

/** A file of one column in which every field, the name included, could be split alike: each line may be quoted as a whole. */
function quotedLines(columns: readonly string[], sample: readonly CsvRecord[]): readonly string[] {
  const [name = ''] = columns;
  if (columns.length > 1 || sample.length < 2) return [];
  const delimiter = [',', ';', '\t', '|'].find((each) => name.includes(each));
  if (delimiter === undefined) return [];
  const times = (text: string): number => text.replace(/"[^"]*"/g, '').split(delimiter).length;
  if (sample.some(({ fields }) => times(fields[0] ?? '') !== times(name))) return [];
  return [
    `The file was read as one column, '${name}', but ${shownDelimiter(delimiter)} is in every line equally often. If each line is in quotes as a whole, undo this upload, remove these quotes, write doubled ones once, and send the file again.`,
  ];
}

/** The first character that occurs in every record equally often, in a file of one column. */
export function otherDelimiter(sample: readonly CsvRecord[]): readonly OtherDelimiter[] {
  const [first = '', ...rest] = sample.map(({ fields }) => fields[0] ?? '');
  if (rest.length === 0) return [];
  const times = (text: string, character: string): number => text.split(character).length;
  for (const delimiter of new Set(first.match(OTHER_DELIMITERS))) {
    const fields = times(first, delimiter);
    if (rest.every((text) => times(text, delimiter) === fields)) return [{ delimiter, fields }];
  }
  return [];
}

function singleQuoted(columns: readonly string[], rows: readonly CsvRecord[]): readonly string[] {
  return columns.filter((_, index) => {
    const texts = rows.map(({ fields }) => fields[index] ?? '').filter((text) => text !== '');
    return texts.length > 0 && texts.every((text) => SINGLE_QUOTED.test(text) && text.trim().length > 1);
  });
}
