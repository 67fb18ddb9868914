/** What both scans look for in CSV text. Its exports are for the other modules here: none of them is in a compiled module. */

export const LF: i32 = 10;
export const SPACE: i32 = 32;

/**
 * Which of the 64 bytes of a block are line feeds, delimiters or quotes, by bit. Those at `end` and behind it, which are read as well, have no bit.
 *
 * @param delimiters the delimiter in each of its bytes
 * @param quotes the same for the quote
 */
export function marksIn(block: usize, end: usize, delimiters: v128, quotes: v128): u64 {
  const bits =
    <u64>marksOf(v128.load(block), delimiters, quotes) |
    ((<u64>marksOf(v128.load(block, 16), delimiters, quotes)) << 16) |
    ((<u64>marksOf(v128.load(block, 32), delimiters, quotes)) << 32) |
    ((<u64>marksOf(v128.load(block, 48), delimiters, quotes)) << 48);
  return end - block < 64 ? bits & (((<u64>1) << (<u64>(end - block))) - 1) : bits;
}

function marksOf(text: v128, delimiters: v128, quotes: v128): u32 {
  const lineFeeds = i8x16.splat(<i8>LF);
  const any = v128.or(v128.or(i8x16.eq(text, delimiters), i8x16.eq(text, quotes)), i8x16.eq(text, lineFeeds));
  return <u32>i8x16.bitmask(any);
}

export function areSpaces(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) if (load<u8>(at) !== SPACE) return false;
  return true;
}
