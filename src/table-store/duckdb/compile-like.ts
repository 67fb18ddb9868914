import { isText, type LikePart, likePattern } from '../sql/like-parts.ts';
import type { Parameters } from '../sql/parameters.ts';
import { placeholder } from './placeholder.ts';

/**
 * Compiles `like` to SQL, but not to DuckDB's LIKE: with several wildcards that backtracks, which takes minutes for a text of 30
 * characters, and with an ESCAPE clause it has no fast path for `a%`, `%a` and `%a%`.
 */
export function compileLike(operand: string, parts: readonly LikePart[], parameters: Parameters): string {
  const bind = (text: string) => placeholder(parameters, text, 'text');
  const [first, second, third] = parts;
  if (parts.length === 0) return `(${operand} = ${bind('')})`;
  if (parts.length === 1) {
    if (first === '%') return `contains(${operand}, ${bind('')})`;
    if (isText(first)) return `(${operand} = ${bind(first.text)})`;
  }
  if (parts.length === 2) {
    if (isText(first) && second === '%') return `starts_with(${operand}, ${bind(first.text)})`;
    if (first === '%' && isText(second)) return `ends_with(${operand}, ${bind(second.text)})`;
  }
  if (parts.length === 3 && first === '%' && isText(second) && third === '%') {
    return `contains(${operand}, ${bind(second.text)})`;
  }
  // RE2 runs in linear time, whatever the pattern.
  return `regexp_full_match(${operand}, ${bind(likePattern(parts))}, 's')`;
}
