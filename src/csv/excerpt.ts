/** Maximum length of a text that is shown as an example, in characters. */
const EXCERPT_LENGTH = 200;

/** A text, cut to a readable length. */
export function excerpt(text: string): string {
  return text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH)}…`;
}

/** How many bytes of UTF-8 surely have the characters of an excerpt. */
export const EXCERPT_BYTES = EXCERPT_LENGTH * 4;
