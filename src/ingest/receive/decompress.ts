import { pipeline, type Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { Problem } from '../../errors.ts';
import { fastEnough, MINIMUM_RATE, neverIdle } from './minimum-rate.ts';

type Compression = 'gzip' | 'zstd' | null;

/** Size of the decompressed chunks: each costs a round trip to a thread of the pool. */
const INFLATED_BYTES = 256 * 1024;
/** Only a file that repeats the same bytes compresses better; gzip cannot exceed 1,032. */
const MAX_RATIO = 1_000;
/** The ratio is not checked below this size: so little does no harm. */
const RATIO_FROM_BYTES = 64 * 1024 * 1024;

/**
 * The bytes of a file without its compression, which `Content-Encoding` names or the first bytes show.
 *
 * @param maxBytes of the decompressed file: the compressed size says little, 0.65 MB of gzip can hold 190 MB
 * @param idleMs how long to wait for the next bytes
 * @throws Problem upload_too_large, upload_too_slow, decompression_ratio, decompression_failed, unsupported_media_type, upload_interrupted
 */
export async function* decompressed(
  input: Readable,
  contentEncoding: string | null,
  maxBytes: number,
  idleMs: number,
): AsyncGenerator<Buffer, void> {
  const named = namedCompression(contentEncoding);
  const taken = { bytes: 0 };
  let total = 0;
  for await (const chunk of inflated(counted(received(input, idleMs), taken), named)) {
    total += chunk.length;
    if (total > RATIO_FROM_BYTES && total > taken.bytes * MAX_RATIO) {
      const detail = `The first ${taken.bytes} compressed bytes decompress to more than ${MAX_RATIO} times as many.`;
      throw new Problem('decompression_ratio', detail, { max_ratio: MAX_RATIO });
    }
    if (total > maxBytes) {
      throw new Problem('upload_too_large', `The file is larger than ${maxBytes} bytes.`, { max_bytes: maxBytes });
    }
    yield chunk;
  }
}

function namedCompression(contentEncoding: string | null): Compression {
  switch (contentEncoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip': // RFC 9110, section 8.4.1.3: equivalent to gzip
      return 'gzip';
    case 'zstd':
      return 'zstd';
    default:
      throw new Problem(
        'unsupported_media_type',
        `Unsupported Content-Encoding '${contentEncoding}'. Use gzip or zstd, or none.`,
      );
  }
}

/** @param head at least four bytes, or the whole file */
function recognizedCompression(head: Buffer): Compression {
  if (head.length >= 2 && head.readUInt16BE() === 0x1f8b) return 'gzip'; // RFC 1952, section 2.3.1
  const magic = head.length < 4 ? 0 : head.readUInt32LE();
  if (magic === 0xfd2fb528) return 'zstd'; // RFC 8878, section 3.1.1
  // A skippable frame, which pzstd and seekable archives start with (section 3.1.2): 0x184D2A50 to 0x184D2A5F.
  return magic >>> 4 === 0x0184d2a5 ? 'zstd' : null;
}

async function* inflated(source: AsyncGenerator<Buffer, void>, named: Compression): AsyncGenerator<Buffer, void> {
  const head = await firstBytes(source);
  const compression = named ?? recognizedCompression(head);
  if (!compression) {
    if (head.length > 0) yield head;
    yield* source;
    return;
  }
  async function* whole(): AsyncGenerator<Buffer, void> {
    yield head;
    yield* source;
  }
  const create = compression === 'gzip' ? createGunzip : createZstdDecompress;
  const inflate = create({ chunkSize: INFLATED_BYTES });
  let cause: unknown;
  pipeline(whole(), inflate, (error) => {
    cause = error;
  });
  try {
    yield* inflate as AsyncIterable<Buffer>;
  } catch (error) {
    const failure = cause ?? error;
    throw failure instanceof Problem ? failure : decompressionFailed(compression, failure);
  }
}

function decompressionFailed(compression: 'gzip' | 'zstd', failure: unknown): Problem {
  const detail = `The file starts like ${compression}, but decompressing it failed: ${(failure as Error).message}.`;
  return new Problem('decompression_failed', detail, {}, { cause: failure });
}

/** The start of a file. */
export interface FileStart {
  readonly bytes: Buffer;
  /** Whether it is all of the file. */
  readonly isWhole: boolean;
}

/**
 * The first bytes of a file without its compression, from its first bytes as they were sent, which may end anywhere.
 *
 * @throws Problem decompression_failed, unsupported_media_type
 */
export async function decompressedStart(
  { bytes, isWhole }: FileStart,
  contentEncoding: string | null,
  maxBytes: number,
): Promise<FileStart> {
  const compression = namedCompression(contentEncoding) ?? recognizedCompression(bytes);
  if (!compression) return { bytes, isWhole };
  // With these, the end of the input is no error.
  const { Z_SYNC_FLUSH, ZSTD_e_flush } = constants;
  const options = { chunkSize: INFLATED_BYTES };
  const inflate =
    compression === 'gzip'
      ? createGunzip({ ...options, ...(!isWhole && { finishFlush: Z_SYNC_FLUSH }) })
      : createZstdDecompress({ ...options, ...(!isWhole && { finishFlush: ZSTD_e_flush }) });
  inflate.end(bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) break;
    }
  } catch (failure) {
    throw decompressionFailed(compression, failure);
  }
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), isWhole: isWhole && length <= maxBytes };
}

/** Counts the compressed bytes. */
async function* counted(input: AsyncGenerator<Buffer, void>, taken: { bytes: number }): AsyncGenerator<Buffer, void> {
  for await (const chunk of fastEnough(input, MINIMUM_RATE)) {
    taken.bytes += chunk.length;
    yield chunk;
  }
}

/** Enough bytes for the magic number, or the whole file if it is shorter. */
async function firstBytes(source: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const { value, done } = await source.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  return head;
}

async function* received(input: Readable, idleMs: number): AsyncGenerator<Buffer, void> {
  try {
    yield* neverIdle(input, idleMs);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      'upload_interrupted',
      'The connection ended before the whole file had arrived.',
      {},
      { cause: error },
    );
  }
}
