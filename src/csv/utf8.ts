import { isUtf8 } from 'node:buffer';
import { Problem } from '../errors.ts';
import { withoutMark } from './segment.ts';

/** Converts a file to UTF-8, chunk by chunk, and removes its byte order mark. */
export interface Utf8Decoder {
  /** @returns text, which may share the memory of this chunk, but not of others. @throws Problem invalid_encoding */
  push(chunk: Buffer): Buffer;
  /** @returns the rest of the text. @throws Problem invalid_encoding if the last character is incomplete */
  end(): Buffer;
}

const EMPTY = Buffer.alloc(0);

/**
 * @param label from the Encoding standard (https://encoding.spec.whatwg.org/#names-and-labels)
 * @throws Problem upload_option_invalid if the label is unknown
 */
export function decoderFor(label: string): Utf8Decoder {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(label, { fatal: true });
  } catch {
    throw new Problem(
      'upload_option_invalid',
      `Unknown encoding '${label}'. Examples are utf-8, utf-16le and windows-1252.`,
      {
        option: 'encoding',
      },
    );
  }
  return decoder.encoding === 'utf-8' ? new Utf8Validator() : new Transcoder(decoder);
}

/** Verifies UTF-8 and passes it on unchanged. */
class Utf8Validator implements Utf8Decoder {
  #held: Buffer = EMPTY;
  #offset = 0;
  #first = true;

  push(chunk: Buffer): Buffer {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const whole = bytes.length - incompleteTail(bytes);
    // Copied, because the memory of the chunk is reused.
    this.#held = whole === bytes.length ? EMPTY : Buffer.from(bytes.subarray(whole));
    bytes = bytes.subarray(0, whole);
    if (!isUtf8(bytes)) refuse('utf-8', this.#offset + invalidAt(bytes));
    this.#offset += whole;
    if (whole > 0 && this.#first) {
      this.#first = false;
      return withoutMark(bytes);
    }
    return bytes;
  }

  end(): Buffer {
    if (this.#held.length > 0) refuse('utf-8', this.#offset);
    return EMPTY;
  }
}

class Transcoder implements Utf8Decoder {
  readonly #decoder: TextDecoder;
  #offset = 0;

  constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.#decode(chunk, true);
    this.#offset += chunk.length;
    return bytes;
  }

  end(): Buffer {
    return this.#decode(EMPTY, false);
  }

  #decode(chunk: Buffer, stream: boolean): Buffer {
    try {
      return Buffer.from(this.#decoder.decode(chunk, { stream }));
    } catch {
      return refuse(this.#decoder.encoding, this.#offset);
    }
  }
}

function refuse(encoding: string, byteOffset: number): never {
  throw new Problem('invalid_encoding', `Invalid ${encoding} at or after byte ${byteOffset}.`, {
    byte_offset: byteOffset,
    encoding,
  });
}

/** Number of bytes at the end that belong to an incomplete character (0 to 3). */
export function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}

/** Offset of the first invalid byte, accurate to one character, by binary search. */
function invalidAt(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const whole = bytes.subarray(0, middle);
    if (isUtf8(whole.subarray(0, middle - incompleteTail(whole)))) good = middle;
    else bad = middle;
  }
  return good;
}
