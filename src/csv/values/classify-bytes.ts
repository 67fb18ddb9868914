import { MAX_VALUE_LENGTH } from './classify-text.ts';
import { scannedReadings } from './read-time.ts';
import { BOOLEAN } from './readings.ts';
import { scanUsualTime } from './scan-usual-time.ts';
import { usualNumberReadings } from './usual-number.ts';

const SPACE = 32;

/** Skips spaces. @returns the first byte that is none, or `to` */
export function behindSpaces(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] === SPACE) at++;
  return at;
}

/** Skips spaces backwards. @returns the place behind the last byte that is none, or `from` */
export function beforeSpaces(bytes: Buffer, from: number, to: number): number {
  let at = to;
  while (at > from && bytes[at - 1] === SPACE) at--;
  return at;
}

/**
 * The readings that `classifyText` finds in numbers, times and truth values, from their bytes, if they are written as most are. Times leave their
 * parts in `scanned`. An object per text would cost more than the rest.
 *
 * @returns 0 if the bytes are written in another way; `classifyText` may still know them
 */
export function classifyBytes(bytes: Buffer, from: number, to: number): number {
  const numeric = usualNumberReadings(bytes, from, to);
  if (numeric !== 0) return numeric;
  if (to - from <= MAX_VALUE_LENGTH && scanUsualTime(bytes, from, to)) return scannedReadings();
  return isTruthValue(bytes, from, to) ? BOOLEAN : 0;
}

/** true or false, in any case */
export function isTruthValue(bytes: Buffer, from: number, to: number): boolean {
  const word = to - from === 4 ? TRUE : to - from === 5 ? FALSE : null;
  if (word === null) return false;
  for (let index = 0; index < word.length; index++) {
    if (((bytes[from + index] as number) | 32) !== word[index]) return false;
  }
  return true;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
