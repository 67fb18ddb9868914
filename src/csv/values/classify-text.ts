import { numberWordReadings, numericReadings } from './read-number.ts';
import { timeReadings } from './read-time.ts';
import { ANY_INTEGER, ANY_NUMBER, BOOLEAN } from './readings.ts';

/** Longer texts have no other reading: the longest time, of JavaScript with the name of its zone, has up to 80 characters. */
export const MAX_VALUE_LENGTH = 80;

/**
 * Spaces around a value are no part of it, whatever its type; only text keeps them. All white space of Unicode counts, as it
 * does for `String.prototype.trim`.
 */
export function trimmed(text: string): string {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  // Most texts are printable ASCII from end to end.
  return first > 32 && first < 127 && last > 32 && last < 127 ? text : text.trim();
}

/**
 * Finds everything that a text can be read as without loss: see `readings.ts`. Linear in the length of the text, and constant
 * once it is longer than 80 characters.
 *
 * @param text without spaces around it
 */
export function classifyText(text: string): number {
  const { length } = text;
  if (length === 0 || length > MAX_VALUE_LENGTH) return 0;
  const code = text.charCodeAt(0);
  if (code >= 48 && code <= 57) {
    const numeric = numericReadings(text);
    // The basic form of a date is an integer, too.
    if (numeric === 0 || (length === 8 && numeric === (ANY_INTEGER | ANY_NUMBER))) return numeric | timeReadings(text);
    return numeric;
  }
  if (code === 45 || code === 46 || code === 44) {
    const numeric = numericReadings(text);
    return numeric === 0 && code === 45 ? numberWordReadings(text) : numeric;
  }
  switch (code | 32) {
    case 116: // true, Tuesday, Thursday
    case 102: // false, February, Friday
      return isTruthValue(text) ? BOOLEAN : timeReadings(text);
    case 105: // infinity
      return numberWordReadings(text);
    case 110: // NaN, November
      return numberWordReadings(text) || timeReadings(text);
    case 97: // April, August
    case 100: // December
    case 106: // January, June, July
    case 109: // March, May, Monday
    case 111: // October
    case 115: // September, Saturday, Sunday
    case 119: // Wednesday
      return timeReadings(text);
    default:
      return 0;
  }
}

function isTruthValue(text: string): boolean {
  if (text.length !== 4 && text.length !== 5) return false;
  const word = text.toLowerCase();
  return word === 'true' || word === 'false';
}
