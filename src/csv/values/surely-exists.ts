/**
 * Whether the day and the clock time of a text exist, by a look at its digits: most do, and need no parser. False if that is not
 * sure, as for the days from 29 to 31.
 *
 * @param text that has the shape `day` or `moment`, see `field-shapes.ts`
 */
export function surelyExists(text: string): boolean {
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (month < 1 || month > 12 || day < 1 || day > 28) return false;
  if (text.length === 10) return true;
  if (twoDigits(text, 11) > 23 || twoDigits(text, 14) > 59) return false;
  return text.length === 16 || twoDigits(text, 17) < 60;
}

function twoDigits(text: string, at: number): number {
  return 10 * text.charCodeAt(at) + text.charCodeAt(at + 1) - 528;
}
