import { isUtf8 } from 'node:buffer';
import type { Cell, Dialect, RandomTable } from './random-tables.ts';

/** A table as the bytes of a file, and the required upload options. */
export interface WrittenTable {
  readonly bytes: Buffer;
  readonly options: Readonly<Record<string, string>>;
}

const DELIMITERS = /[,;\t|]/;

/** Writes a table. Has options only if the bytes are ambiguous without them. */
export function written({ names, rows, dialect }: RandomTable): WrittenTable {
  const options: Record<string, string> = {};
  const records = rows.map((row) => row.map(({ text }) => field(text, dialect)).join(dialect.delimiter));
  if (dialect.header) records.unshift(names.map((name) => field(name, dialect)).join(dialect.delimiter));
  else options.header = 'false';
  if (!dialect.header || names.length === 1 || names.some((name) => DELIMITERS.test(name))) {
    options.delimiter = dialect.delimiter === '\t' ? 'tab' : dialect.delimiter;
  }
  // An empty last row requires a line end.
  const end = dialect.finalNewline || records.at(-1) === '' ? dialect.newline : '';
  const text = records.join(dialect.newline) + end;
  // A file that begins with U+FEFF has a byte order mark, even if that was intended as text.
  const marked = dialect.mark || text.startsWith('\uFEFF') ? `\uFEFF${text}` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of Latin-1.
  const isLatin1 = /^[\x00-\x7f\xa0-\xff]*$/.test(text);
  switch (dialect.encoding) {
    case 'utf-16le':
    case 'utf-16be': {
      const bytes = Buffer.from(marked, 'utf16le');
      if (marked === text) options.encoding = dialect.encoding;
      return { bytes: dialect.encoding === 'utf-16be' ? bytes.swap16() : bytes, options };
    }
    case 'windows-1252': {
      if (!isLatin1) break;
      const bytes = Buffer.from(text, 'latin1');
      if (isUtf8(bytes)) options.encoding = 'windows-1252';
      return { bytes, options };
    }
  }
  return { bytes: Buffer.from(marked), options };
}

function field(text: string | null, { delimiter, quoteAll }: Dialect): string {
  if (text === null) return '';
  const plain = text !== '' && !quoteAll && !/["\r\n]/.test(text) && !text.includes(delimiter);
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

const ISO = /^\s*(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?\s*$/;

/** In columns that are not text. */
const NULLS = new Set(['', 'NA', 'N/A', '#N/A', 'NULL', 'null', '\\N', 'NaT', 'None', '-']);

/** A column as the receipt describes it. */
export interface ReceiptColumn {
  readonly name: string;
  readonly type: string;
  readonly decimal: '.' | ',' | null;
  readonly thousands: ',' | '.' | ' ' | "'" | null;
}

/**
 * The value that a cell must have in a column of the receipt, determined independently of Thena: text unchanged, numbers and times
 * as numbers. White space around a value, line breaks included, is no part of it, except in text. `lost` if the column cannot
 * represent the text.
 */
export function valueIn({ text, at }: Cell, column: ReceiptColumn): string | null {
  if (text === null) return null;
  if (column.type === 'text') return `text ${text}`;
  const trimmed = text.trim();
  if (NULLS.has(trimmed)) return null;
  switch (column.type) {
    case 'integer': {
      const digits = withoutThousands(trimmed, column);
      return digits !== null && /^(?:0|-?[1-9]\d*)$/.test(digits) ? `${BigInt(digits)}` : `lost ${text}`;
    }
    case 'number':
      return numberOf(trimmed, column) ?? `lost ${text}`;
    case 'boolean':
      return /^(?:true|false)$/i.test(trimmed) ? trimmed.toLowerCase() : `lost ${text}`;
    default: {
      const meant = at ?? timeOf(text);
      return meant === null ? `lost ${text}` : `${meant}`;
    }
  }
}

const SPACES = '[ \\u00a0\\u2009\\u202f]';

/** @returns the text without the marks between groups of three digits, a decimal point in place of the mark; null if it is none */
function withoutThousands(
  text: string,
  { decimal, thousands }: Pick<ReceiptColumn, 'decimal' | 'thousands'>,
): string | null {
  const mark = thousands === ' ' ? SPACES : thousands === "'" ? "['’]" : thousands === null ? null : `\\${thousands}`;
  const digits = mark === null ? '\\d+' : `(?:\\d{1,3}(?:${mark}\\d{3})+|\\d+)`;
  const fraction = decimal === null ? '' : `(?:\\${decimal}\\d*)?`;
  const pattern = new RegExp(
    `^-?(?:${digits}${fraction}${decimal === null ? '' : `|\\${decimal}\\d+`})(?:e[+-]?\\d+)?$`,
    'i',
  );
  if (!pattern.test(text)) return null;
  const plain = mark === null ? text : text.replaceAll(new RegExp(mark, 'g'), '');
  return decimal === null ? plain : plain.replace(decimal, '.');
}

const NUMBER = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

function numberOf(text: string, column: ReceiptColumn): string | null {
  const word = /^(-?)(nan|inf(?:inity)?)$/i.exec(text);
  if (word) return written64(word[2]?.toLowerCase() === 'nan' ? Number.NaN : word[1] ? -Infinity : Infinity);
  const plain = withoutThousands(text, column);
  if (plain === null || !NUMBER.test(plain) || changesDigits(plain) || !Number.isFinite(Number(plain))) return null;
  return written64(Number(plain));
}

/** Beyond 15 digits a double may lose some before the point. */
function changesDigits(text: string): boolean {
  const digits = /^-?(\d{16,})(?:\.\d*)?$/.exec(text)?.[1];
  return digits !== undefined && BigInt(digits) !== BigInt(Number(digits)) && String(Number(digits)) !== digits;
}

export function written64(number: number): string {
  return Object.is(number, -0) ? '-0' : String(number);
}

function timeOf(text: string): number | null {
  if (text.trim() === '12/31/20') return Date.UTC(2020, 11, 31);
  const parts = ISO.exec(text);
  if (!parts) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(2000, 0, 1, hour, minute, second));
  // Date.UTC treats the year 1 as 1901.
  at.setUTCFullYear(year, month - 1, day);
  if (at.getUTCDate() !== day || hour > 23) return null;
  const zone = /([+-])(\d\d):(\d\d)$/.exec(parts[7] ?? '');
  const offset = zone ? (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -60_000 : 60_000) : 0;
  return at.getTime() - offset;
}
