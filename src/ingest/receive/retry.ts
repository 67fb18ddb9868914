import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReceivedFile, Upload, UploadOptions } from '../../catalog/upload.ts';
import { BYTE_ORDER_MARK, withoutMark } from '../../csv/segment.ts';
import { Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { Spool } from '../spool/spool.ts';
import type { IncomingFile, Reception } from './reception.ts';

/**
 * The bytes of a failed upload as a file to be received, with other options where the sender wants them.
 *
 * @throws Problem upload_not_retryable, upload_option_invalid
 */
export function retryOf(
  { id, status, filename, file, options, corrects, retryUntil }: Upload,
  spool: Spool,
  changes: Partial<UploadOptions>,
): { readonly file: Omit<IncomingFile, 'uploadId'>; readonly text: Readable } {
  if (status !== 'failed' || !file) {
    throw new Problem('upload_not_retryable', `Upload ${id} is ${status}; only a failed one can be tried again.`);
  }
  if (!retryUntil || retryUntil.getTime() <= Date.now()) {
    throw new Problem('upload_not_retryable', `The bytes of upload ${id} are kept no longer.`);
  }
  if (changes.encoding) {
    const detail = 'The bytes are kept as UTF-8, so that their encoding can no longer be chosen. Send the file again.';
    throw new Problem('upload_option_invalid', detail);
  }
  // What was found once is not found anew, unless it is sought under other rules.
  const found = changesDialect(changes) ? null : file;
  return {
    file: {
      filename,
      contentEncoding: null,
      expectedBytes: file.segments.reduce((sum, { bytes }) => sum + bytes, 0),
      options: { ...options, ...found?.dialect, ...changes, encoding: 'utf-8' },
      idempotencyKey: null,
      corrects,
      retryOf: {
        id,
        bytes: file.bytes,
        sha256: file.sha256,
        encoding: file.encoding,
        ...(found?.headerGuessed !== undefined && { headerGuessed: found.headerGuessed }),
      },
    },
    text: Readable.from(textOf(file, spool.locate(id, file.segments)), { objectMode: false }),
  };
}

/** Receives a file from its first byte to the acknowledgement; where that fails, nothing of it stays. */
export async function receiveAll(reception: Reception, access: CustomerAccess, bytes: Readable): Promise<Upload> {
  try {
    await reception.bind(access);
    await reception.write(bytes);
    return await reception.acknowledge();
  } catch (error) {
    await reception.abandon(error);
    throw error;
  }
}

/** What was found of the file holds only where it was found under the same rules. */
function changesDialect({ delimiter, quote, header }: Partial<UploadOptions>): boolean {
  return delimiter != null || quote != null || header != null;
}

/** The file's text as it stood, but for its line ends; records keep their line numbers. */
async function* textOf(file: ReceivedFile, segments: ReceivedFile['segments']): AsyncGenerator<Buffer, void> {
  const header = file.headerText === null ? '' : `${file.headerText}\n`;
  const linesBefore = (segments[0]?.firstLine ?? 1) - 1 - (header.split('\n').length - 1);
  // The mark is what the decoder drops: else it would be a U+FEFF with which the text begins.
  yield Buffer.concat([BYTE_ORDER_MARK, Buffer.from('\n'.repeat(Math.max(0, linesBefore)) + header)]);
  for (const { path } of segments) {
    let first = true;
    for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
      yield first ? withoutMark(bytes) : bytes;
      first = false;
    }
  }
}
