import type { Readable } from 'node:stream';
import { Problem } from '../../errors.ts';
import { decompressedStart, type FileStart } from '../receive/decompress.ts';
import { fastEnough, MINIMUM_RATE, neverIdle } from '../receive/minimum-rate.ts';

/** How much of a file is previewed, as sent and without its compression. */
export const MAX_PREVIEW_BYTES = 1024 * 1024;

export interface SentStart {
  readonly bytes: Readable;
  readonly contentEncoding: string | null;
  /** Whether the bytes are all of the file; null: they are unless there are as many as a preview may have. */
  readonly isWhole: boolean | null;
  readonly idleMs: number;
}

/** Reads the first bytes of a file. @throws Problem body_too_large, upload_too_slow, and whatever `decompressedStart` throws */
export async function readStart({ bytes, contentEncoding, isWhole, idleMs }: SentStart): Promise<FileStart> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of fastEnough(neverIdle(bytes, idleMs), MINIMUM_RATE)) {
    length += chunk.length;
    if (length > MAX_PREVIEW_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const sent = { bytes: Buffer.concat(chunks), isWhole: isWhole ?? length < MAX_PREVIEW_BYTES };
  return decompressedStart(sent, contentEncoding, MAX_PREVIEW_BYTES);
}

function tooLarge(): Problem {
  const detail = `A preview reads at most ${MAX_PREVIEW_BYTES} bytes. Send the first ${MAX_PREVIEW_BYTES} bytes of the file, with complete=false.`;
  return new Problem('body_too_large', detail, { max_bytes: MAX_PREVIEW_BYTES });
}
