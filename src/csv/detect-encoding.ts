import { isUtf8 } from 'node:buffer';
import { Problem } from '../errors.ts';
import { incompleteTail } from './utf8.ts';

/**
 * The encoding of a file by its first bytes: a byte order mark, the zero bytes of UTF-16, or else UTF-8 where they are
 * valid UTF-8, and windows-1252 (which holds all of Latin-1) where they are not.
 *
 * @param complete whether that is the whole file: if not, its last character may be cut in two
 * @returns a label of the Encoding standard
 */
export function detectEncoding(head: Buffer, complete = false): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const sample = head.subarray(0, 4096);
  let evenZeros = 0;
  let oddZeros = 0;
  for (let index = 0; index < sample.length; index++) {
    if (sample[index] === 0) index % 2 === 0 ? evenZeros++ : oddZeros++;
  }
  // Latin letters, digits and delimiters of UTF-16 have one zero byte each.
  const many = sample.length / 5;
  if (sample.length >= 4 && oddZeros > many && evenZeros === 0) return 'utf-16le';
  if (sample.length >= 4 && evenZeros > many && oddZeros === 0) return 'utf-16be';
  const whole = complete ? head.length : head.length - incompleteTail(head);
  return isUtf8(head.subarray(0, whole)) ? 'utf-8' : 'windows-1252';
}

/** Where a header could begin with the letters of a magic number (PAR1), the bytes after them belong to it. */
const BINARY: readonly {
  readonly magic: string;
  readonly at?: number;
  readonly what: string;
  readonly mend: string;
}[] = [
  { magic: '89504e47', what: 'a PNG picture', mend: 'Send a CSV file.' },
  { magic: 'ffd8ff', what: 'a JPEG picture', mend: 'Send a CSV file.' },
  { magic: '47494638', what: 'a GIF picture', mend: 'Send a CSV file.' },
  { magic: '25504446', what: 'a PDF document', mend: 'Export the table behind it as CSV.' },
  {
    magic: '504b0304',
    what: 'a ZIP archive or an Excel workbook',
    mend: 'Unpack it, or save the sheet as CSV (UTF-8).',
  },
  { magic: 'd0cf11e0', what: 'an old Excel or Word document', mend: 'Save the sheet as CSV (UTF-8).' },
  { magic: '5041523115', what: 'a Parquet file', mend: 'Write it as CSV.' },
  { magic: '4152524f57310000', what: 'an Arrow file', mend: 'Write it as CSV.' },
  { magic: '53514c69746520666f726d6174', what: 'a SQLite database', mend: 'Export the table as CSV.' },
  { magic: '7f454c46', what: 'a program', mend: 'Send a CSV file.' },
  { magic: '4d5a90', what: 'a program', mend: 'Send a CSV file.' },
  { magic: '1f8b', what: 'a gzip file inside a compressed one', mend: 'Compress it once.' },
  { magic: '28b52ffd', what: 'a zstd file inside a compressed one', mend: 'Compress it once.' },
  { magic: '314159265359', at: 4, what: 'a bzip2 file', mend: 'Compress it with gzip or zstd, or send it as it is.' },
  { magic: 'fd377a585a00', what: 'an xz file', mend: 'Compress it with gzip or zstd, or send it as it is.' },
  { magic: '377abcaf271c', what: 'a 7z archive', mend: 'Unpack it.' },
  { magic: '7573746172', at: 257, what: 'a tar archive', mend: 'Unpack it.' },
];

const CONTROL_SAMPLE = 4096;
/** Bytes at random have one control character in nine; text that went astray has a few in a file. */
const MOST_CONTROLS = 0.02;

/**
 * Refuses what is plainly no CSV text, by name where the name is known.
 *
 * @param encoding as detected or asked for: zero bytes are text in UTF-16 alone
 * @throws Problem not_csv
 */
export function refuseIfNotText(head: Buffer, encoding: string): void {
  for (const { magic, at = 0, what, mend } of BINARY) {
    const bytes = Buffer.from(magic, 'hex');
    if (head.subarray(at, at + bytes.length).equals(bytes)) refuse(what, mend);
  }
  if (/^(utf-?16|ucs-?2|unicode)/i.test(encoding)) return;
  const zero = head.indexOf(0);
  if (zero >= 0) {
    throw new Problem('not_csv', `There is a zero byte at offset ${zero}, which no text has. The file looks binary.`, {
      byte_offset: zero,
    });
  }
  const controls = head.subarray(0, CONTROL_SAMPLE).reduce((count, byte) => count + (isControl(byte) ? 1 : 0), 0);
  if (controls > Math.min(head.length, CONTROL_SAMPLE) * MOST_CONTROLS) {
    throw new Problem('not_csv', 'Many of its first bytes are control characters. The file looks binary.');
  }
  const start = head
    .subarray(0, 2000)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (/^<(!doctype|html|\?xml|svg)/i.test(start)) refuse('an HTML or XML document', 'Save the table in it as CSV.');
  if (/^[[{]/.test(start) && isJson(start)) refuse('JSON', 'Write it as CSV.');
}

/** Control characters other than tab, line feed, form feed and carriage return. */
function isControl(byte: number): boolean {
  return byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13;
}

/** Whether a text that begins with a brace or bracket goes on as JSON does, on its first line at least. */
function isJson(start: string): boolean {
  try {
    JSON.parse(start.split(/[\r\n]/, 1)[0] ?? '');
    return true;
  } catch {
    // The first line need not be whole.
  }
  return /^\{\s*("(\\.|[^"\\])*"\s*:|\}|$)/.test(start) || /^\[\s*[[{\]]/.test(start);
}

function refuse(what: string, mend: string): never {
  throw new Problem('not_csv', `The file looks like ${what}. ${mend}`);
}
