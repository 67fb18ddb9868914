/** PostgreSQL stores every character but U+0000. A character that Unicode reserves for use within a program stands for it. */
const ESCAPE = '\uFDD0';
const NUL = '\0';

/** Encodes a text, such as the name of a file, so that PostgreSQL stores it. Few contain anything to encode. */
export function writtenText(text: string): string {
  if (!text.includes(NUL) && !text.includes(ESCAPE)) return text;
  return text.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll(NUL, `${ESCAPE}0`);
}

/** Decodes a text of {@link writtenText}. */
export function readText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(`${ESCAPE}0`, NUL).replaceAll(`${ESCAPE}1`, ESCAPE);
}
