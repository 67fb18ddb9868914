import type { UploadOptions } from '../../catalog/upload-options.ts';
import { type DetectedDialect, detectDialect } from '../../csv/detect-dialect.ts';
import { detectEncoding, refuseIfNotText } from '../../csv/detect-encoding.ts';
import { encodingDoubts } from '../../csv/encoding-doubts.ts';
import { beginsWithMark } from '../../csv/segment.ts';
import { NulStripper } from '../../csv/strip-nul.ts';
import { decoderFor, type Utf8Decoder } from '../../csv/utf8.ts';

/** How much of a file is examined to find its encoding, dialect and columns. */
const HEAD_BYTES = 256 * 1024;

/** What the head of a file shows of the whole file. */
export interface DetectedFile {
  readonly encoding: string;
  readonly dialect: DetectedDialect;
  /** What the encoding makes doubtful. */
  readonly warnings: readonly string[];
  /** Where in the file the first record below the header starts; null if the text is not that of the file. */
  readonly byteOffset: number | null;
  /** Decodes the bytes after the head. */
  readonly decoder: Utf8Decoder & { readonly stripped?: number };
  /** The rest of the head as UTF-8: the text below the header. */
  readonly text: Buffer;
  /** The bytes after the head that were collected. */
  readonly bytes: Buffer;
}

/** Collects the first bytes of a file. */
export class FileHead {
  readonly #chunks: Buffer[] = [];
  readonly #enough: number;
  #bytes = 0;

  /** @param maxBytes how many to collect before the first of them are examined, unless the file is shorter */
  constructor(maxBytes = 0) {
    this.#enough = Math.max(HEAD_BYTES, maxBytes);
  }

  /** @param chunk is copied. @returns whether there are enough bytes to examine */
  push(chunk: Buffer): boolean {
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    return this.#bytes >= this.#enough;
  }

  /**
   * Detects what the options leave open.
   *
   * @param isWhole whether the file has no more bytes
   * @throws Problem if the encoding is unknown, or the head shows that the file is no CSV text, has no header, or has unusable columns
   */
  detect({ options, maxColumns }: { options: UploadOptions; maxColumns: number }, isWhole: boolean): DetectedFile {
    const collected = Buffer.concat(this.#chunks.splice(0));
    const head = collected.subarray(0, HEAD_BYTES);
    const bytes = collected.subarray(HEAD_BYTES);
    const isAll = isWhole && bytes.length === 0;
    const encoding = options.encoding ?? detectEncoding(head, isAll);
    refuseIfNotText(head, encoding, options.stripNul);
    const warnings = options.encoding === null ? encodingDoubts(head, encoding) : [];
    const decoder = options.stripNul ? new NulStripper(decoderFor(encoding)) : decoderFor(encoding);
    const text = isAll ? Buffer.concat([decoder.push(head), decoder.end()]) : decoder.push(head);
    const dialect = detectDialect(text, { complete: isAll, maxColumns, overrides: options });
    const byteOffset =
      encoding === 'utf-8' && !options.stripNul ? dialect.dataOffset + (beginsWithMark(head) ? 3 : 0) : null;
    return { encoding, dialect, warnings, byteOffset, decoder, text: text.subarray(dialect.dataOffset), bytes };
  }
}
