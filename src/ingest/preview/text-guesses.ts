import type { Customer } from '../../catalog/customer.ts';
import type { UploadOptions } from '../../catalog/upload-options.ts';
import { wordBeyondAscii } from '../../csv/encoding-doubts.ts';
import type { FileStart } from '../receive/decompress.ts';
import type { FileSample } from './file-sample.ts';

/** How a file was taken to be written, although an option could say otherwise. */
export interface TextGuess {
  /** Null: it is about the whole file. */
  readonly column: null;
  /** Of the sample. */
  readonly line: number;
  readonly text: string;
  readonly option: 'header' | 'delimiter' | 'encoding';
  /** What the sample is with each value of the option. */
  readonly readings: readonly { readonly value: string; readonly meaning: string }[];
  readonly message: string;
  readonly chosen: string;
}

type Guess = Omit<TextGuess, 'column' | 'line' | 'text'> & Partial<Pick<TextGuess, 'line' | 'text'>>;

/** What the text of a file leaves open: the header, the delimiter, the encoding. */
export function textGuesses(
  sample: FileSample,
  start: FileStart,
  options: UploadOptions,
  { table }: Customer,
): readonly TextGuess[] {
  const guesses = [
    options.header === null && table === null ? headerGuess(sample) : null,
    options.delimiter === null ? delimiterGuess(sample) : null,
    options.encoding === null ? encodingGuess(sample, start) : null,
  ];
  return guesses.filter((guess) => guess !== null).map((guess) => ({ column: null, line: 1, text: '', ...guess }));
}

function headerGuess({ detected: { dialect } }: FileSample): Guess | null {
  const { columns, firstDataLine, headerGuessed, headerText } = dialect;
  const { header } = dialect.dialect;
  if (header && !headerGuessed) return null;
  const names = columns.map((name) => `'${name}'`).join(', ');
  const shown = names.length > MAX_SHOWN ? `${names.slice(0, MAX_SHOWN)}…` : names;
  const readings = [
    { value: 'true', meaning: 'the first line has the column names' },
    { value: 'false', meaning: 'the first line is a row' },
  ];
  const message = header
    ? `The first line (${shown}) was taken as the header. If it is a row, set header=false.`
    : 'The first line was taken as a row, and the columns are numbered. If it has the column names, set header=true.';
  return {
    option: 'header',
    line: header ? firstDataLine - 1 : firstDataLine,
    text: (headerText ?? '').slice(0, MAX_SHOWN),
    readings,
    message,
    chosen: String(header),
  };
}

const MAX_SHOWN = 200;

/** As the option takes them, and as messages name them. */
const DELIMITERS: Readonly<Record<string, readonly [value: string, name: string]>> = {
  '\t': ['tab', 'a tab'],
  ' ': ['space', 'a space'],
  ',': [',', 'a comma'],
  ';': [';', 'a semicolon'],
};

function delimiterGuess({ detected: { dialect } }: FileSample): Guess | null {
  const { dialect: plain, columns, otherDelimiters } = dialect;
  if (otherDelimiters.length === 0) return null;
  const all = [{ delimiter: plain.delimiter, fields: columns.length }, ...otherDelimiters];
  const readings = all.map(({ delimiter, fields }) => ({
    value: DELIMITERS[delimiter]?.[0] ?? delimiter,
    meaning: `${fields} ${fields === 1 ? 'column' : 'columns'}, separated by ${DELIMITERS[delimiter]?.[1] ?? `'${delimiter}'`}`,
  }));
  const message = `The file can be read with several delimiters: ${readings.map(({ value, meaning }) => `${meaning} (delimiter=${value})`).join(', or ')}.`;
  return { option: 'delimiter', readings, message, chosen: readings[0]?.value ?? plain.delimiter };
}

/** Encodings with one byte per character give a text for any bytes; the others only for some. */
const ENCODINGS = [
  ['windows-1252', 'Western European'],
  ['windows-1250', 'Central European'],
  ['windows-1251', 'Cyrillic'],
  ['macintosh', 'Mac Roman'],
  ['shift_jis', 'Japanese'],
  ['gb18030', 'Chinese'],
  ['euc-kr', 'Korean'],
] as const;

/** If the file is not Unicode, nothing in it says what its letters beyond ASCII are. */
function encodingGuess({ detected }: FileSample, { bytes, isWhole }: FileStart): Guess | null {
  if (detected.encoding !== 'windows-1252') return null;
  const { line, bytes: word } = wordBeyondAscii(bytes);
  const readings = ENCODINGS.flatMap(([value, name]) => {
    const text = decoded(bytes, value, isWhole) === null ? null : decoded(word, value, false);
    return text === null ? [] : [{ value, meaning: `${text} (${name})` }];
  });
  const [first] = readings;
  const text = decoded(word, 'windows-1252', false) ?? '';
  const others = readings.slice(1).map(({ value, meaning }) => `${meaning} with encoding=${value}`);
  const message = `The file is not UTF-8 and was read as windows-1252. Line ${line}: '${text}' is ${others.join(', ')}.`;
  return { option: 'encoding', line, text, readings, message, chosen: first?.value ?? 'windows-1252' };
}

function decoded(bytes: Buffer, encoding: string, isWhole: boolean): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !isWhole });
  } catch {
    return null;
  }
}
