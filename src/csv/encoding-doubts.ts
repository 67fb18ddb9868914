import { Problem } from '../errors.ts';

const GUESSED = 'windows-1252';
/** Bytes to which windows-1252 gives no character. The Encoding standard decodes them to control characters. */
const UNASSIGNED: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
const MAX_WORD_BYTES = 40;

/** A word with a character beyond ASCII, in a file with one byte per character or an unknown encoding. */
export interface WordBeyondAscii {
  readonly line: number;
  readonly bytes: Buffer;
}

/** The first one in these bytes, up to the next delimiters, quotes or line ends around it. */
export function wordBeyondAscii(bytes: Buffer): WordBeyondAscii {
  const at = bytes.findIndex((byte) => byte > 0x7f);
  const ends = (byte: number | undefined): boolean => byte === undefined || /[\s,;|"]/.test(String.fromCharCode(byte));
  let from = at;
  let to = at;
  while (at - from < MAX_WORD_BYTES && !ends(bytes[from - 1])) from--;
  while (to - at < MAX_WORD_BYTES && !ends(bytes[to])) to++;
  return { line: lineAt(bytes, at), bytes: bytes.subarray(from, to) };
}

function lineAt(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).filter((byte) => byte === 10).length + 1;
}

/**
 * What a file that is not Unicode makes doubtful: nothing in it says what its letters beyond ASCII are.
 *
 * @param encoding as detected
 * @throws Problem invalid_encoding if it cannot be the detected one
 */
export function encodingDoubts(head: Buffer, encoding: string): readonly string[] {
  if (encoding !== GUESSED) return [];
  const offset = head.findIndex((byte) => UNASSIGNED.has(byte));
  if (offset >= 0) {
    const byte = `0x${(head[offset] as number).toString(16)}`;
    const what = `The file is neither UTF-8 nor ${GUESSED}: line ${lineAt(head, offset)} has the byte ${byte}, which is no character in it.`;
    const hint =
      'Save the file as UTF-8, or set the option `encoding` to the one that it was written in, such as encoding=shift_jis.';
    throw new Problem('invalid_encoding', what, { byte_offset: offset, encoding, hint });
  }
  const { line, bytes } = wordBeyondAscii(head);
  const text = new TextDecoder(GUESSED).decode(bytes);
  return [
    `The file is not UTF-8 and was read as ${GUESSED}: line ${line} has '${text}'. If that is not what it says, undo this upload and send the file with its encoding, such as encoding=macintosh.`,
  ];
}
