import { Problem } from '../errors.ts';

/** The dialect options of a request; null: to be detected. */
export interface DialectOptions {
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly header: boolean | null;
}

const DELIMITER_WORDS: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  pipe: '|',
  space: ' ',
};

/** @throws Problem upload_option_invalid */
export function delimiterOption(text: string): string {
  const delimiter = DELIMITER_WORDS[text.toLowerCase()] ?? text;
  if (/^[\t -~]$/.test(delimiter) && !/[A-Za-z0-9"']/.test(delimiter)) return delimiter;
  throw new Problem(
    'upload_option_invalid',
    `Invalid delimiter '${text}'. Use one ASCII character other than a letter, a digit or a quote, or one of: comma, semicolon, tab, pipe, space.`,
    { option: 'delimiter' },
  );
}

/** @returns the quote, or '' for none. @throws Problem upload_option_invalid */
export function quoteOption(text: string): string {
  if (text === '' || text.toLowerCase() === 'none') return '';
  if (/^[!-~]$/.test(text) && !/[A-Za-z0-9]/.test(text)) return text;
  throw new Problem(
    'upload_option_invalid',
    `Invalid quote '${text}'. Use one ASCII character other than a letter or a digit, or none.`,
    { option: 'quote' },
  );
}
