import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Problem } from '../../errors.ts';
import { fastEnough, LEAST_RATE, neverIdle } from './minimum-rate.ts';

type Compression = 'gzip' | 'zstd' | null;

const MAGIC: readonly { readonly compression: Exclude<Compression, null>; readonly bytes: Buffer }[] = [
  { compression: 'gzip', bytes: Buffer.from([0x1f, 0x8b]) }, // RFC 1952, section 2.3.1
  { compression: 'zstd', bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) }, // RFC 8878, section 3.1.1
];

/** How much comes out at once: each time costs a turn of a thread. */
const INFLATED_BYTES = 256 * 1024;
/** Only a file that says the same over and over is packed more tightly; gzip itself ends at 1,032. */
const MAX_RATIO = 1_000;
/** Below this much, nobody minds. */
const RATIO_FROM_BYTES = 64 * 1024 * 1024;

/**
 * The bytes of a file as they were before compression: named by `Content-Encoding`, or seen by its first bytes.
 *
 * @param idleMs how long the next byte may be waited for
 * @param limit most bytes that may come out; what goes in says nothing (0.65 MB of gzip can hold 190 MB)
 * @throws Problem upload_too_large, upload_too_slow, decompression_ratio, decompression_failed, unsupported_media_type, upload_interrupted
 */
export async function* decompressed(
  input: Readable,
  contentEncoding: string | null,
  limit: number,
  idleMs: number,
): AsyncGenerator<Buffer, void> {
  const named = namedCompression(contentEncoding);
  const taken = { bytes: 0 };
  let total = 0;
  for await (const chunk of inflated(counted(received(input, idleMs), taken), named)) {
    total += chunk.length;
    if (total > RATIO_FROM_BYTES && total > taken.bytes * MAX_RATIO) {
      const detail = `${taken.bytes} bytes of the compressed file hold more than ${MAX_RATIO} times as many.`;
      throw new Problem('decompression_ratio', detail, { max_ratio: MAX_RATIO });
    }
    if (total > limit) {
      throw new Problem('upload_too_large', `The file holds more than the ${limit} bytes that one upload may have.`, {
        max_bytes: limit,
      });
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
        `The Content-Encoding '${contentEncoding}' is not one that Thena reads. Use gzip or zstd, or none.`,
      );
  }
}

async function* inflated(source: AsyncGenerator<Buffer, void>, named: Compression): AsyncGenerator<Buffer, void> {
  const head = await firstBytes(source);
  const compression = named ?? MAGIC.find(({ bytes }) => head.subarray(0, bytes.length).equals(bytes))?.compression;
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
    if (failure instanceof Problem) throw failure;
    throw new Problem(
      'decompression_failed',
      `The file begins as ${compression} does, but cannot be decompressed: ${(failure as Error).message}.`,
      {},
      { cause: failure },
    );
  }
}

/** Adds up what is read. */
async function* counted(input: AsyncGenerator<Buffer, void>, taken: { bytes: number }): AsyncGenerator<Buffer, void> {
  for await (const chunk of fastEnough(input, LEAST_RATE)) {
    taken.bytes += chunk.length;
    yield chunk;
  }
}

/** Enough bytes to see the magic, where the file has as many. */
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
    throw new Problem('upload_interrupted', 'The connection ended in the middle of the file.', {}, { cause: error });
  }
}
