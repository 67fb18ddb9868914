import type { Parameters } from './parameters.ts';

/** A part of a pattern: a literal text, or one of the two wildcards. */
type Part = { readonly text: string } | '%' | '_';

/**
 * Compiles `like` to SQL, but not to DuckDB's LIKE: with several wildcards that backtracks, which takes minutes for a text of 30
 * characters, and with an ESCAPE clause it has no fast path for `a%`, `%a` and `%a%`.
 */
export function compileLike(operand: string, pattern: string, parameters: Parameters): string {
  const parts = partsOf(pattern);
  const [first, second, third] = parts;
  if (parts.length === 0) return `(${operand} = ${parameters.bind('', 'text')})`;
  if (parts.length === 1) {
    if (first === '%') return `contains(${operand}, ${parameters.bind('', 'text')})`;
    if (isText(first)) return `(${operand} = ${parameters.bind(first.text, 'text')})`;
  }
  if (parts.length === 2) {
    if (isText(first) && second === '%') return `starts_with(${operand}, ${parameters.bind(first.text, 'text')})`;
    if (first === '%' && isText(second)) return `ends_with(${operand}, ${parameters.bind(second.text, 'text')})`;
  }
  if (parts.length === 3 && first === '%' && isText(second) && third === '%') {
    return `contains(${operand}, ${parameters.bind(second.text, 'text')})`;
  }
  // RE2 runs in linear time, whatever the pattern.
  return `regexp_full_match(${operand}, ${parameters.bind(parts.map(expressionOf).join(''), 'text')}, 's')`;
}

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (const [token] of pattern.matchAll(/\\[\\%_]|[\s\S]/gu)) {
    const last = parts.at(-1);
    const text = token.length === 2 && token.startsWith('\\') ? token.slice(1) : token;
    if (token === '%' || token === '_') {
      if (token !== '%' || last !== '%') parts.push(token);
    } else if (isText(last)) parts[parts.length - 1] = { text: last.text + text };
    else parts.push({ text });
  }
  return parts;
}

function isText(part: Part | undefined): part is { readonly text: string } {
  return typeof part === 'object';
}

function expressionOf(part: Part): string {
  if (part === '%') return '.*';
  if (part === '_') return '.';
  return part.text.replaceAll(/[!-/:-@[-`{-~]/g, '\\$&');
}
