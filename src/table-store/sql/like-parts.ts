/** A part of a pattern of `like`: a literal text, or one of the two wildcards. */
export type LikePart = { readonly text: string } | '%' | '_';

/** Neighbouring texts, and neighbouring `%`, are one part. */
export function likeParts(pattern: string): readonly LikePart[] {
  const parts: LikePart[] = [];
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

export function isText(part: LikePart | undefined): part is { readonly text: string } {
  return typeof part === 'object';
}

/** The pattern as a regular expression of RE2, without anchors, in which a dot matches every character. */
export function likePattern(parts: readonly LikePart[]): string {
  return parts.map(expressionOf).join('');
}

function expressionOf(part: LikePart): string {
  if (part === '%') return '.*';
  if (part === '_') return '.';
  return part.text.replaceAll(/[!-/:-@[-`{-~]/g, '\\$&');
}
