import type { OtherDelimiter } from './detect-delimiter.ts';
import type { CsvRecord } from './record-reader.ts';

/** What could also separate fields. Not a dot or a minus, which occur in numbers. */
const OTHER_DELIMITERS = /[!#$%&()*+/:;<=>?@[\]\\^_`{|}~ \t]/g;
const SINGLE_QUOTED = /^ *'.*' *$/s;

/**
 * Warns of fields that are read as they are written, although the sender may have meant something else: the quotes or the
 * delimiter of the file may be other characters than those with which it is read.
 *
 * @param sample the first records, with the header if there is one
 */
export function dialectDoubts(
  columns: readonly string[],
  sample: readonly CsvRecord[],
  { header, detected }: { readonly header: boolean; readonly detected: { delimiter: boolean; quote: boolean } },
): readonly string[] {
  const warnings: string[] = [];
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
