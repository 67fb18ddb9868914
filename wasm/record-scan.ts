/**
 * Finds the records and fields of CSV text, and the shapes of the fields. AssemblyScript, compiled to `src/csv/record-scan.wasm` by
 * `npm run build:wasm`: see docs/decisions/0008.
 *
 * The text has no carriage returns outside of quotes, and no spaces before a quote that opens a field.
 *
 * Memory layout: at 0 the counts of the latest call, as 32-bit integers; at SHAPES a byte per column; at TEXT the text, followed by
 * PADDING bytes that may be read but are ignored.
 */
import { areSpaces, LF, marksIn, SPACE } from './csv-marks';

const SHAPES: usize = 1024;
const TEXT: usize = 65536;
const PADDING: usize = 64;

// The byte of a column has the bits of the shapes that all its fields have so far. An empty field has every shape.
const WHOLE: u32 = 1;
const DECIMAL: u32 = 2;
const DATE: u32 = 4;
const TIMESTAMP: u32 = 8;
const FULL_TIMESTAMP: u32 = 16;

const MINUS: u32 = 45;
const DOT: u32 = 46;
const ZERO: u32 = 48;
const FIVE: u32 = 53;
const COLON: u32 = 58;

export function textStart(): usize {
  return TEXT;
}

export function shapesStart(): usize {
  return SHAPES;
}

/** @returns the maximum length of a text, in bytes */
export function textRoom(): usize {
  return ((<usize>memory.size()) << 16) - TEXT - PADDING;
}

// How a text ends.
const NO_QUOTES: i32 = 0;
const IN_QUOTES: i32 = 1;
const CLOSED: i32 = 2;
const CLOSED_AND_SPACES: i32 = 3;
const CLOSED_AND_TEXT: i32 = 4;

/**
 * Scans `length` bytes of text, which start at the beginning of a record. Narrows the shapes of each column to those of the fields
 * in complete records, and writes these counts:
 *
 * - records that end in the text, including empty lines
 * - how many of them are empty, except for the first
 * - the length of the first record without its line end
 * - the offset after the end of the last record
 * - 1 if the number of fields of a record, not counting the first, is not `columns`
 * - line feeds in quotes; how many of them are in the incomplete record
 * - all line feeds before the quote that opened the latest quoted field; -1 if none did
 * - 1 if a quote follows spaces at the start of a field, or a field that was closed
 * - how the text ends
 * - the number of fields of the first record in the text; of delimiters in the incomplete record
 * - line feeds before the first unquoted field with a quote inside; -1 if there is none
 * - 1 if anything, such as spaces, follows the quote that closes a field
 *
 * @param quote 0 if there is none
 */
export function scan(length: i32, delimiter: i32, quote: i32, columns: i32): void {
  const delimiters = i8x16.splat(<i8>delimiter);
  const quotes = i8x16.splat(<i8>quote);
  const end = TEXT + <usize>length;
  let fieldStart = TEXT;
  let recordStart = TEXT;
  let column = 0;
  let records = 0;
  let blank = 0;
  let firstRecord = -1;
  let firstFields = 0;
  let quoteInTextAfter = -1;
  let irregular = 0;
  let quotedLineFeeds = 0;
  let quotedInRest = 0;
  let openedAfter = -1;
  let odd = 0;
  let afterQuotes = 0;
  let inQuotes = false;
  // Address of the quote that closed the field, or 0.
  let closedAt: usize = 0;
  // Whether the field has a quote after its start, so that no later one can open it.
  let isText = false;
  for (let block = TEXT; block < end; block += 64) {
    let bits = marksIn(block, end, delimiters, quotes);
    while (bits !== 0) {
      const at = block + <usize>ctz(bits);
      bits &= bits - 1;
      const byte = <i32>load<u8>(at);
      if (byte === quote) {
        if (inQuotes) {
          inQuotes = false;
          closedAt = at;
        } else if (at === fieldStart) {
          inQuotes = true;
          openedAfter = records + quotedLineFeeds;
        } else if (closedAt !== 0) {
          if (at === closedAt + 1) inQuotes = true;
          else odd = 1;
        } else if (!isText) {
          if (delimiter !== SPACE && areSpaces(fieldStart, at)) odd = 1;
          else if (quoteInTextAfter < 0) quoteInTextAfter = records + quotedLineFeeds;
          isText = true;
        }
        continue;
      }
      if (inQuotes) {
        if (byte === LF) {
          quotedLineFeeds++;
          quotedInRest++;
        }
        continue;
      }
      if (closedAt !== 0 && closedAt + 1 !== at) afterQuotes = 1;
      if (column < columns && at > fieldStart) {
        const shapes = <u32>load<u8>(SHAPES + <usize>column);
        if (shapes !== 0) {
          let found: u32 = 0;
          if (closedAt === 0) found = shapesOf(fieldStart, <u32>(at - fieldStart));
          // A field with a quote in it has no shape, nor has an empty string.
          else if (closedAt + 1 === at) found = shapesOf(fieldStart + 1, <u32>(closedAt - fieldStart - 1));
          store<u8>(SHAPES + <usize>column, shapes & found);
        }
      }
      fieldStart = at + 1;
      closedAt = 0;
      isText = false;
      column++;
      if (byte !== LF) continue;
      if (records === 0) firstFields = column;
      else if (at === recordStart) blank++;
      else if (column !== columns) irregular = 1;
      if (records++ === 0) firstRecord = <i32>(at - TEXT);
      recordStart = fieldStart;
      quotedInRest = 0;
      column = 0;
    }
  }
  let ending = NO_QUOTES;
  if (inQuotes) ending = IN_QUOTES;
  else if (closedAt !== 0) {
    ending = closedAt + 1 === end ? CLOSED : areSpaces(closedAt + 1, end) ? CLOSED_AND_SPACES : CLOSED_AND_TEXT;
  }
  store<i32>(0, records);
  store<i32>(4, blank);
  store<i32>(8, firstRecord);
  store<i32>(12, <i32>(recordStart - TEXT));
  store<i32>(16, irregular);
  store<i32>(20, quotedLineFeeds);
  store<i32>(24, quotedInRest);
  store<i32>(28, openedAfter);
  store<i32>(32, odd);
  store<i32>(36, ending);
  store<i32>(40, firstFields);
  store<i32>(44, column);
  store<i32>(48, quoteInTextAfter);
  store<i32>(52, afterQuotes);
}

/** The shapes of a field; none if it is longer than 32 bytes. */
function shapesOf(field: usize, length: u32): u32 {
  if (length > 32) return 0;
  const all: u32 = length === 32 ? 0xffffffff : ((<u32>1) << length) - 1;
  let digits = digitsIn(v128.load(field));
  if (length > 16) digits |= digitsIn(v128.load(field, 16)) << 16;
  digits &= all;
  const first = <u32>load<u8>(field);
  const sign: u32 = first === MINUS ? 1 : 0;
  const others = all & ~digits & ~sign;
  // A leading zero means a telephone number or a code; -0 is not an integer.
  const leadingZero = <u32>load<u8>(field + sign) === ZERO;
  if (others === 0) {
    const count = length - sign;
    if (count === 0 || (leadingZero && length > 1)) return 0;
    return (count <= 18 ? WHOLE : 0) | (count <= 15 ? DECIMAL : 0);
  }
  const at = <u32>ctz(others);
  if (popcnt(others) === 1) {
    if (<u32>load<u8>(field + at) !== DOT || at === sign || at + 1 === length) return 0;
    // A 64-bit float keeps 15 digits before the point, and 17 in all.
    if (at - sign > 15 || length - sign > 18) return 0;
    return leadingZero && at > sign + 1 ? 0 : DECIMAL;
  }
  return first === ZERO || first === MINUS ? 0 : shapesOfTime(field, length, others);
}

/** 2024-02-29, 2024-02-29 12:30, …:59, …:59.123456, with a space or a T. The day exists, and so does the time of day. */
function shapesOfTime(field: usize, length: u32, others: u32): u32 {
  if (length < 10 || <u32>load<u8>(field, 4) !== MINUS || <u32>load<u8>(field, 7) !== MINUS) return 0;
  if (length === 10) return others === 0x90 && isDate(field) ? DATE | TIMESTAMP | FULL_TIMESTAMP : 0;
  if (length !== 16 && length !== 19 && (length < 21 || length > 26)) return 0;
  const between = <u32>load<u8>(field, 10);
  if ((between !== SPACE && between !== 84) || <u32>load<u8>(field, 13) !== COLON) return 0;
  if (length === 16) return others === 0x2490 && isTimestamp(field) ? TIMESTAMP : 0;
  if (<u32>load<u8>(field, 16) !== COLON || <u32>load<u8>(field, 17) > FIVE) return 0;
  if (length === 19) return others === 0x12490 && isTimestamp(field) ? TIMESTAMP | FULL_TIMESTAMP : 0;
  return others === 0x92490 && <u32>load<u8>(field, 19) === DOT && isTimestamp(field) ? TIMESTAMP | FULL_TIMESTAMP : 0;
}

function isDate(field: usize): bool {
  const month = twoDigits(field, 5);
  const day = twoDigits(field, 8);
  // 0 less 1 is the largest number.
  if (month - 1 >= 12 || day - 1 >= 31) return false;
  return day <= 28 || day <= daysOf(month, field);
}

/** How many days a month has in the year at the start of a field, in the proleptic Gregorian calendar. */
function daysOf(month: u32, field: usize): u32 {
  // 31 in every second month, beginning with January and again with August.
  if (month !== 2) return 30 + ((month ^ (month >> 3)) & 1);
  const yearOfCentury = twoDigits(field, 2);
  const isLeap = yearOfCentury === 0 ? twoDigits(field, 0) % 4 === 0 : yearOfCentury % 4 === 0;
  return isLeap ? 29 : 28;
}

function isTimestamp(field: usize): bool {
  return isDate(field) && twoDigits(field, 11) < 24 && <u32>load<u8>(field, 14) <= FIVE;
}

/** The number that two digits are. */
function twoDigits(field: usize, at: usize): u32 {
  return <u32>load<u8>(field + at) * 10 + <u32>load<u8>(field + at + 1) - 528;
}

function digitsIn(text: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.lt_u(i8x16.sub(text, i8x16.splat(<i8>ZERO)), i8x16.splat(10)));
}
