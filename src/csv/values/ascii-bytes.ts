const MOST_BYTES = 128;

/** Texts that are scanned as bytes, one at a time. */
export const ASCII = Buffer.alloc(MOST_BYTES);

/** Puts a text into `ASCII`. @returns its length; -1 if it has other characters than those of ASCII, or too many */
export function putAscii(text: string): number {
  const { length } = text;
  if (length > MOST_BYTES) return -1;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return -1;
    ASCII[at] = code;
  }
  return length;
}
