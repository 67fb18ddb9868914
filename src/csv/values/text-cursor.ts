/**
 * A place in the text that is being scanned, and what scanners of times read from there. One for the module: texts are scanned
 * one at a time, millions of them, and an object per text would cost more than the scan.
 */
let text = '';
let end = 0;
let at = 0;
let width = 0;

export const COMMA = 44;
export const HYPHEN = 45;
export const DOT = 46;
export const SLASH = 47;
export const COLON = 58;
export const PLUS = 43;

/** Begins a scan. */
export function startAt(newText: string): void {
  text = newText;
  end = newText.length;
  at = 0;
}

/** The character at the place; -1 at the end. */
export function peek(ahead = 0): number {
  return at + ahead < end ? text.charCodeAt(at + ahead) : -1;
}

export function advance(): void {
  at++;
}

export function place(): number {
  return at;
}

export function returnTo(before: number): void {
  at = before;
}

export function isAtEnd(): boolean {
  return at === end;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

export function isSpace(code: number): boolean {
  // Intl writes a narrow no-break space before AM and PM.
  return code === 32 || code === 9 || code === 0xa0 || code === 0x202f;
}

/** Whether the place is at this letter, in upper or lower case. */
export function isAtLetter(lowerCase: number): boolean {
  return at < end && (text.charCodeAt(at) | 32) === lowerCase;
}

/** @returns whether there were any */
export function skipSpaces(): boolean {
  let next = at;
  while (next < end && isSpace(text.charCodeAt(next))) next++;
  const found = next > at;
  at = next;
  return found;
}

/** Reads digits, at most so many; `digitsRead` says how many there were. */
export function readNumber(mostDigits = 9): number {
  const last = at + mostDigits < end ? at + mostDigits : end;
  let next = at;
  let value = 0;
  while (next < last) {
    const digit = text.charCodeAt(next) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    next++;
  }
  width = next - at;
  at = next;
  return value;
}

/** Digits of the number that was read last. */
export function digitsRead(): number {
  return width;
}

/** Reads letters. @returns them in lower case; '' also if there are more than in any word that the callers know */
export function readWord(): string {
  let next = at;
  while (next < end && isLetter(text.charCodeAt(next))) next++;
  const word = next - at > LONGEST_WORD ? '' : text.slice(at, next).toLowerCase();
  at = next;
  return word;
}

/** `september`, `wednesday` */
const LONGEST_WORD = 9;

/** Moves to the end if the rest of the text is one comment in parentheses. */
export function skipComment(): boolean {
  if (peek() !== 40 || text.indexOf(')', at) !== end - 1) return false;
  at = end;
  return true;
}
