/**
 * The text of a field, from its bytes with its quotes.
 *
 * @param quote code of the quote; -1 if there is none
 * @returns null if nothing is between the delimiters, not even quotes
 */
export function fieldText(bytes: Buffer, from: number, to: number, quote: number): string | null {
  if (from === to) return null;
  if (bytes[from] !== quote) return bytes.toString('utf8', from, to);
  const text = bytes.toString('utf8', from + 1, to - 1);
  const mark = String.fromCharCode(quote);
  return text.includes(mark) ? text.replaceAll(mark + mark, mark) : text;
}
