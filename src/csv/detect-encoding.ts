import { isUtf8 } from 'node:buffer';
import { Problem } from '../errors.ts';
import { incompleteTail } from './utf8.ts';

/**
 * Detects the encoding of a file from its first bytes: by a byte order mark or the zero bytes of UTF-16; otherwise UTF-8 if the
 * bytes are valid UTF-8, and windows-1252 (a superset of Latin-1) if not.
 *
 * @param complete whether the head is the whole file; if not, its last character may be incomplete
 * @returns a label of the Encoding standard
 */
export function detectEncoding(head: Buffer, complete = false): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const sample = head.subarray(0, 4096);
  for (const encoding of ['utf-16le', 'utf-16be']) if (isUtf16(sample, encoding)) return encoding;
  const whole = complete ? head.length : head.length - incompleteTail(head);
  return isUtf8(head.subarray(0, whole)) ? 'utf-8' : 'windows-1252';
}

/**
 * Whether bytes without a byte order mark are UTF-16: they have zero bytes, as all ASCII characters have, and result in text with
 * ASCII letters or digits, delimiters and line ends, without control characters.
 */
function isUtf16(sample: Buffer, encoding: string): boolean {
  if (sample.length < 4 || !sample.includes(0)) return false;
  const text = new TextDecoder(encoding).decode(sample.subarray(0, sample.length & ~1));
  const ascii = text.match(/[\t\n\r -~]/g)?.length ?? 0;
  return /[\n\r]/.test(text) && /[\t,;|0-9A-Za-z]/.test(text) && ascii >= text.length / 10 && !CONTROL.test(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: text has none of them.
const CONTROL = /[\0-\x08\x0e-\x1f]/;

/** If a header could begin with the letters of a magic number (PAR1), the entry includes the bytes that follow them. */
const BINARY: readonly {
  readonly magic: string;
  readonly at?: number;
  readonly what: string;
  readonly fix: string;
}[] = [
  { magic: '89504e47', what: 'a PNG image', fix: 'Send a CSV file.' },
  { magic: 'ffd8ff', what: 'a JPEG image', fix: 'Send a CSV file.' },
  { magic: '47494638', what: 'a GIF image', fix: 'Send a CSV file.' },
  { magic: '25504446', what: 'a PDF document', fix: 'Export the data as CSV.' },
  {
    magic: '504b0304',
    what: 'a ZIP archive or an Excel workbook',
    fix: 'Unpack the archive, or save the sheet as CSV (UTF-8).',
  },
  { magic: 'd0cf11e0', what: 'an old Excel or Word document', fix: 'Save the sheet as CSV (UTF-8).' },
  { magic: '5041523115', what: 'a Parquet file', fix: 'Convert it to CSV.' },
  { magic: '4152524f57310000', what: 'an Arrow file', fix: 'Convert it to CSV.' },
  { magic: '53514c69746520666f726d6174', what: 'a SQLite database', fix: 'Export the table as CSV.' },
  { magic: '7f454c46', what: 'a program', fix: 'Send a CSV file.' },
  { magic: '4d5a90', what: 'a program', fix: 'Send a CSV file.' },
  { magic: '1f8b', what: 'a gzip file in a compressed file', fix: 'Compress the CSV file only once.' },
  { magic: '28b52ffd', what: 'a zstd file in a compressed file', fix: 'Compress the CSV file only once.' },
  {
    magic: '314159265359',
    at: 4,
    what: 'a bzip2 file',
    fix: 'Compress the CSV file with gzip or zstd, or send it uncompressed.',
  },
  {
    magic: 'fd377a585a00',
    what: 'an xz file',
    fix: 'Compress the CSV file with gzip or zstd, or send it uncompressed.',
  },
  { magic: '377abcaf271c', what: 'a 7z archive', fix: 'Unpack it.' },
  { magic: '7573746172', at: 257, what: 'a tar archive', fix: 'Unpack it.' },
];

const CONTROL_SAMPLE = 4096;
/** Share of control characters: one in nine random bytes is one, but text may contain a few by mistake. */
const MAX_CONTROL_SHARE = 0.02;
/** A text may contain as many NUL bytes, however short it is: they are refused with their lines. */
const MAX_STRAY_NULS = 4;

/**
 * Refuses files that are obviously not CSV text, and names their format if it is known.
 *
 * @param encoding as detected or requested: only in UTF-16 are NUL bytes part of the text
 * @param stripNul whether NUL bytes are removed from the text
 * @throws Problem not_csv
 */
export function refuseIfNotText(head: Buffer, encoding: string, stripNul = false): void {
  for (const { magic, at = 0, what, fix } of BINARY) {
    const bytes = Buffer.from(magic, 'hex');
    if (head.subarray(at, at + bytes.length).equals(bytes)) refuse(what, fix);
  }
  if (/^(utf-?16|ucs-?2|unicode)/i.test(encoding)) return;
  const sample = head.subarray(0, CONTROL_SAMPLE);
  const nuls = sample.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  const controls = sample.reduce((count, byte) => count + (isControl(byte) ? 1 : 0), 0) - nuls;
  const max = sample.length * MAX_CONTROL_SHARE;
  if (nuls > Math.max(max, MAX_STRAY_NULS) && !stripNul) {
    throw new Problem('not_csv', 'Many of the first bytes are NUL bytes. It is probably a binary file.');
  }
  if (controls > max) {
    throw new Problem('not_csv', 'Many of the first bytes are control characters. It is probably a binary file.');
  }
  const start = head
    .subarray(0, 2000)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^<(!doctype|html|\?xml|svg)/i.test(start)) refuse('an HTML or XML document', 'Export the data as CSV.');
  if (/^[[{]/.test(start) && isJson(start)) refuse('JSON', 'Convert it to CSV.');
}

/** Control characters other than tab, line feed, form feed and carriage return. */
function isControl(byte: number): boolean {
  return byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13;
}

/** Whether a text that begins with a brace or bracket continues as JSON, at least on its first line. */
function isJson(start: string): boolean {
  try {
    JSON.parse(start.split(/[\r\n]/, 1)[0] ?? '');
    return true;
  } catch {
    // The JSON may continue on the next line.
  }
  return /^\{\s*("(\\.|[^"\\])*"\s*:|\}|$)/.test(start) || /^\[\s*[[{\]]/.test(start);
}

function refuse(what: string, fix: string): never {
  throw new Problem('not_csv', `The file looks like ${what}. ${fix}`);
}
