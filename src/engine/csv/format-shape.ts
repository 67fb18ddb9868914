/** By directive of strptime: a regular expression that every text it accepts matches. */
const SHAPES: Readonly<Record<string, string>> = {
  '%Y': '\\d{4}',
  '%y': '\\d{1,2}',
  '%f': '\\d+',
  '%b': '[a-z]+',
  '%B': '[a-z]+',
  '%a': '[a-z]+',
  '%p': '[ap]m',
  '%z': '[-+].*',
};
const shapes = new Map<string, RegExp>();

/**
 * Whether a text has the shape of a time in this strptime format. Trying all formats in DuckDB takes a second; trying the one or
 * two that remain after this takes a few milliseconds.
 */
export function hasShapeOf(text: string, format: string): boolean {
  let shape = shapes.get(format);
  if (!shape) {
    const pattern = format.replaceAll(/%.|[^%]/g, (part) => {
      if (part.startsWith('%')) return SHAPES[part] ?? '\\d{1,2}';
      return part === ' ' ? '\\s+' : `\\${part}`;
    });
    shape = new RegExp(`^\\s*${pattern}\\s*$`, 'i');
    shapes.set(format, shape);
  }
  return shape.test(text);
}
