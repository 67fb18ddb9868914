import type { Utf8Decoder } from './utf8.ts';

/** Removes NUL bytes from decoded text. */
export class NulStripper implements Utf8Decoder {
  /** Number of NUL bytes so far. */
  stripped = 0;
  readonly #decoder: Utf8Decoder;

  constructor(decoder: Utf8Decoder) {
    this.#decoder = decoder;
  }

  push(chunk: Buffer): Buffer {
    return this.#strip(this.#decoder.push(chunk));
  }

  end(): Buffer {
    return this.#strip(this.#decoder.end());
  }

  #strip(text: Buffer): Buffer {
    if (!text.includes(0)) return text;
    const rest = Buffer.from(text.filter((byte) => byte !== 0));
    this.stripped += text.length - rest.length;
    return rest;
  }
}
