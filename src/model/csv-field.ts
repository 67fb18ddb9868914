/** Characters that start a formula in spreadsheets (https://owasp.org/www-community/attacks/CSV_Injection). */
export const FORMULA_STARTS: readonly string[] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/**
 * Texts that RFC 4180 requires to be quoted, and those in which other readers might see a delimiter or trim something. Empty
 * texts are quoted, to distinguish them from null.
 */
const QUOTED = /^$|[",;|\t\r\n]|^[\s\ufeff]|\s$/;

/** A text as a field of a CSV file. */
export function quotedField(text: string): string {
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Prefixes a text that a spreadsheet would take for a formula with an apostrophe. */
export function escapedFormula(text: string): string {
  return FORMULA_STARTS.includes(text.slice(0, 1)) ? `'${text}` : text;
}
