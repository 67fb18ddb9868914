import { Problem } from '../errors.ts';

/** The dialect options of a request; null: to be detected. */
export interface DialectOptions {
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly header: boolean | null;
  /** Number of lines above the header, or above the first row. */
  readonly skipLines: number | null;
  /** First character of the lines to ignore. */
  readonly comment: string | null;
  /** Character that makes a quote or a delimiter part of the text. */
  readonly escape: string | null;
  /** What to do with an empty field after the last column. */
  readonly surplus: Surplus;
}

export const DIALECT_OPTIONS = [
  'delimiter',
  'quote',
  'header',
  'skipLines',
  'comment',
  'escape',
  'surplus',
] as const satisfies readonly (keyof DialectOptions)[];

/** `drop_empty`: remove one empty field after the last column, in every row that has it. */
export type Surplus = 'reject' | 'drop_empty';

const MAX_SKIPPED_LINES = 1000;

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

/** @throws Problem upload_option_invalid */
export function skipLinesOption(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) <= MAX_SKIPPED_LINES) return Number(text);
  throw new Problem(
    'upload_option_invalid',
    `Invalid skip_lines '${text.slice(0, 40)}'. Use a whole number from 0 to ${MAX_SKIPPED_LINES}.`,
    { option: 'skip_lines' },
  );
}

/**
 * The character given as `comment` or `escape`.
 *
 * @returns null for none
 * @throws Problem upload_option_invalid
 */
export function characterOption(option: 'comment' | 'escape', text: string): string | null {
  if (text === '' || text.toLowerCase() === 'none') return null;
  if (option === 'escape' && text.toLowerCase() === 'backslash') return '\\';
  if (/^[!-~]$/.test(text) && !/[A-Za-z0-9]/.test(text)) return text;
  throw new Problem(
    'upload_option_invalid',
    `Invalid ${option} '${text.slice(0, 40)}'. Use one ASCII character other than a letter or a digit, or none.`,
    { option },
  );
}

/**
 * Refuses options that give one character two meanings.
 *
 * @throws Problem upload_option_invalid
 */
export function refuseSameCharacters(
  options: Pick<DialectOptions, 'delimiter' | 'quote' | 'comment' | 'escape'>,
): void {
  const { delimiter, quote, comment } = options;
  const given = Object.entries({ delimiter, quote, comment, escape: options.escape }).filter(
    ([, text]) => text !== null && text !== '',
  );
  for (const [index, [option, text]] of given.entries()) {
    const other = given.slice(0, index).find(([, used]) => used === text);
    if (other) {
      throw new Problem('upload_option_invalid', `${other[0]} and ${option} are the same character.`, { option });
    }
  }
  if (options.escape !== null && quote === '') {
    throw new Problem('upload_option_invalid', 'escape needs a quote character, but quote is none.', {
      option: 'escape',
    });
  }
}
