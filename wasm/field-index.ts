/**
 * Finds the fields of some columns in CSV text, and replaces them by other texts. AssemblyScript, compiled to
 * `src/csv/field-index.wasm` by `npm run build:wasm`: see docs/decisions/0012.
 *
 * Memory layout: at 0 the counts of the latest call, as 32-bit integers; at WANTED a byte per column; at PLACES where the fields are; at
 * LENGTHS a byte per field; at VALUES the texts that replace them; at TEXT the text; at OUT the text with the fields replaced. PADDING bytes
 * before VALUES, behind TEXT and behind OUT may be read or written, but are ignored.
 */
import { areSpaces, LF, marksIn, SPACE } from './csv-marks';

const PADDING: usize = 64;
const WANTED: usize = 1024;
const PLACES: usize = 65536;
const PLACES_BYTES: usize = 131072;
const LENGTHS: usize = PLACES + PLACES_BYTES;
/** Each field needs two places. */
const FIELDS: usize = PLACES_BYTES / 8;
/** The places of a record that are not those of a field. */
const RECORD_BYTES: i32 = 12;
const VALUES: usize = LENGTHS + FIELDS;
/** The longest text that replaces a field. */
const VALUE_BYTES: usize = 40;
const TEXT: usize = VALUES + FIELDS * VALUE_BYTES + PADDING;
const TEXT_BYTES: usize = 131072;
const OUT: usize = TEXT + TEXT_BYTES + PADDING;

/** In LENGTHS: the field stays as it is. */
const KEEP: u32 = 255;

export function wantedStart(): usize {
  return WANTED;
}

export function placesStart(): usize {
  return PLACES;
}

export function placesRoom(): usize {
  return PLACES_BYTES;
}

export function lengthsStart(): usize {
  return LENGTHS;
}

export function valuesStart(): usize {
  return VALUES;
}

export function textStart(): usize {
  return TEXT;
}

export function textRoom(): usize {
  return TEXT_BYTES;
}

export function outStart(): usize {
  return OUT;
}

/**
 * Finds records in `length` bytes of text, which start at the beginning of a record, up to the end of the last complete record, up to the first
 * record that is not regular, or until there is no more room. A record is regular if it has as many fields as there are columns, and nothing but
 * delimiters next to its quotes.
 *
 * Writes for each record: the line feeds before it, where it begins and ends, and where each wanted field begins and ends, with its quotes.
 * Writes these counts:
 *
 * - the records found, without blank lines
 * - the offset behind the last one, and behind blank lines that follow it
 * - the line feeds up to there
 * - 1 if a record that is not regular begins there
 *
 * @param quote 0 if there is none
 * @param wanted number of the columns whose byte at WANTED is 1
 */
export function findFields(length: i32, delimiter: i32, quote: i32, columns: i32, wanted: i32): void {
  const delimiters = i8x16.splat(<i8>delimiter);
  const quotes = i8x16.splat(<i8>quote);
  const end = TEXT + <usize>length;
  const stride = <usize>(RECORD_BYTES + 8 * wanted);
  const lastPlace = PLACES + PLACES_BYTES - stride;
  let place = PLACES;
  // Where the next wanted field of the record is written.
  let next = place + <usize>RECORD_BYTES;
  let recordStart = TEXT;
  let fieldStart = TEXT;
  let column = 0;
  let records = 0;
  let lineFeeds = 0;
  let inRecord = 0;
  let inQuotes = false;
  let closedAt: usize = 0;
  let isText = false;
  let odd = 0;
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
        } else if (closedAt !== 0) {
          if (at === closedAt + 1) {
            inQuotes = true;
          } else {
            odd = 1;
            bits = 0;
            block = end;
          }
        } else if (!isText) {
          if (delimiter !== SPACE && areSpaces(fieldStart, at)) {
            odd = 1;
            bits = 0;
            block = end;
          }
          isText = true;
        }
        continue;
      }
      if (inQuotes) {
        if (byte === LF) inRecord++;
        continue;
      }
      if (byte === LF && at === recordStart && columns !== 1) {
        lineFeeds++;
        recordStart = fieldStart = at + 1;
        continue;
      }
      if (column === columns || (closedAt !== 0 && closedAt + 1 !== at)) {
        odd = 1;
        bits = 0;
        block = end;
        continue;
      }
      if (<u32>load<u8>(WANTED + <usize>column) !== 0) {
        store<u32>(next, <u32>(fieldStart - TEXT));
        store<u32>(next, <u32>(at - TEXT), 4);
        next += 8;
      }
      fieldStart = at + 1;
      closedAt = 0;
      isText = false;
      column++;
      if (byte !== LF) continue;
      if (column !== columns) {
        odd = 1;
        bits = 0;
        block = end;
        continue;
      }
      store<u32>(place, <u32>lineFeeds);
      store<u32>(place, <u32>(recordStart - TEXT), 4);
      store<u32>(place, <u32>(at - TEXT), 8);
      place += stride;
      next = place + <usize>RECORD_BYTES;
      records++;
      lineFeeds += inRecord + 1;
      inRecord = 0;
      column = 0;
      recordStart = fieldStart;
      if (place > lastPlace) {
        bits = 0;
        block = end;
      }
    }
  }
  store<i32>(0, records);
  store<i32>(4, <i32>(recordStart - TEXT));
  store<i32>(8, lineFeeds);
  store<i32>(12, odd);
}

/**
 * Writes the records that were found last to OUT, with the text at VALUES in place of each wanted field, or with the field if its length is KEEP.
 *
 * @param appends 1 if another text of VALUES goes to the end of each record
 * @returns how many bytes were written
 */
export function replaceFields(records: i32, wanted: i32, appends: i32): i32 {
  const end = PLACES + <usize>records * <usize>(RECORD_BYTES + 8 * wanted);
  let place = PLACES;
  let length = LENGTHS;
  let value = VALUES;
  let out = OUT;
  let from = TEXT;
  // Of the record before, with its line feed.
  let recordEnd = TEXT;
  while (place < end) {
    const recordStart = TEXT + <usize>load<u32>(place, 4);
    // There are blank lines between.
    if (recordStart !== recordEnd) {
      out = copy(out, from, recordEnd);
      from = recordStart;
    }
    recordEnd = TEXT + <usize>load<u32>(place, 8) + 1;
    place += <usize>RECORD_BYTES;
    for (let field = 0; field < wanted; field++, place += 8) {
      const bytes = <u32>load<u8>(length++);
      if (bytes === KEEP) continue;
      out = copy(out, from, TEXT + <usize>load<u32>(place));
      out = copy(out, value, value + <usize>bytes);
      value += <usize>bytes;
      from = TEXT + <usize>load<u32>(place, 4);
    }
    if (appends === 0) continue;
    const bytes = <usize>load<u8>(length++);
    out = copy(out, from, recordEnd - 1);
    out = copy(out, value, value + bytes);
    value += bytes;
    from = recordEnd - 1;
  }
  return <i32>(copy(out, from, recordEnd) - OUT);
}

/** @returns where the copy ends. Up to 15 more bytes are read and written */
function copy(out: usize, from: usize, to: usize): usize {
  const end = out + (to - from);
  while (out < end) {
    v128.store(out, v128.load(from));
    out += 16;
    from += 16;
  }
  return end;
}
