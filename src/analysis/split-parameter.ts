import { Problem } from '../errors.ts';

/** A word of a parameter: `quoted` words are never keywords. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

const WORD = /"((?:[^"]|"")*)"|([^",:]*)/y;

/**
 * Splits a parameter at commas into items, and each item at colons into words: `count,avg:"unit price"`. A word with a comma, a
 * colon or a quotation mark is quoted as in CSV.
 *
 * @param name of the parameter, for problems
 * @throws Problem query_invalid
 */
export function splitParameter(text: string, name: string): readonly (readonly Word[])[] {
  const items: Word[][] = [[]];
  for (let at = 0; ; at++) {
    WORD.lastIndex = at;
    const [all = '', quoted, bare = ''] = WORD.exec(text) ?? [];
    at += all.length;
    const word =
      quoted === undefined ? { text: bare, quoted: false } : { text: quoted.replaceAll('""', '"'), quoted: true };
    if (word.text === '') throw invalid(name, text, `It has an empty part at character ${at - all.length + 1}.`);
    items.at(-1)?.push(word);
    if (at === text.length) return items;
    if (text[at] === ',') items.push([]);
    else if (text[at] !== ':') {
      throw invalid(
        name,
        text,
        `Character ${at + 1} must be a comma or a colon. Quote names that contain quotation marks.`,
      );
    }
  }
}

export function invalid(name: string, text: string, detail: string): Problem {
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return new Problem('query_invalid', `Parameter ${name}, ${JSON.stringify(shown)}: ${detail} See docs/links.md.`, {
    pointer: `/${name}`,
  });
}
