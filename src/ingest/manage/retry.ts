import { Readable } from 'node:stream';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ReceivedFile, Upload } from '../../catalog/upload.ts';
import { changeOptions, type GivenOptions } from '../../catalog/upload-options.ts';
import { DIALECT_OPTIONS } from '../../csv/dialect-options.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { newUploadId, type UploadId } from '../../model/ids.ts';
import { type IncomingFile, readFailureOf } from '../receive/incoming-file.ts';
import type { Receptions } from '../receive/receptions.ts';
import { isRewritten, rewritingOf, spooledText } from '../receive/spooled-text.ts';
import type { Spool } from '../spool/spool.ts';

export interface RetryDeps {
  readonly catalog: Pick<Catalog, 'now' | 'findUpload'>;
  readonly spool: Spool;
  readonly receptions: Pick<Receptions, 'receive'>;
  readonly observe: Observe;
}

/**
 * Receives the bytes of a failed upload again, as an upload of its own. They are kept until that is acknowledged, and
 * only one retry is.
 *
 * @param changes the options that differ from those of the failed upload
 * @throws Problem upload_not_retryable, upload_option_invalid, and whatever a file can be refused with
 */
export async function retryUpload(
  { catalog, spool, receptions, observe }: RetryDeps,
  access: CustomerAccess,
  failed: Upload,
  changes: GivenOptions,
): Promise<Upload> {
  const kept = keptFile(failed, await catalog.now());
  const file = fileOf(failed, kept, changes);
  try {
    const release = await spool.hold(failed);
    try {
      const bytes = Readable.from(spooledText(kept, spool.locate(kept.segments)), { objectMode: false });
      const upload = await receptions.receive(file, { bytes, access, causeOf: readFailureOf });
      failpoint('retried');
      // It is acknowledged, whatever becomes of these bytes. Housekeeping removes what is left.
      await spool.remove(failed).catch((error: Error) => observe({ kind: 'background_failed', task: 'spool', error }));
      return upload;
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof Problem && error.code !== 'upload_bytes_missing') throw error;
    // Another retry may have removed the bytes while they were read.
    throw (await catalog.findUpload(failed.id))?.retryUntil ? error : noBytes(failed.id, error);
  }
}

function noBytes(id: UploadId, cause?: unknown): Problem {
  const detail = `The bytes of upload ${id} are no longer kept.`;
  return new Problem('upload_not_retryable', detail, {}, { cause });
}

/** @throws Problem upload_not_retryable */
function keptFile({ id, status, file, retryUntil }: Upload, now: number): ReceivedFile {
  if (status !== 'failed' || !file) {
    throw new Problem('upload_not_retryable', `Upload ${id} is ${status}; only a failed upload can be retried.`);
  }
  if (!retryUntil || retryUntil.getTime() <= now) {
    throw noBytes(id);
  }
  return file;
}

/** @throws Problem upload_option_invalid */
function fileOf(failed: Upload, kept: ReceivedFile, changes: GivenOptions): IncomingFile {
  if (changes.encoding) {
    const detail = 'The bytes are kept as UTF-8, so the encoding can no longer be changed. Send the file again.';
    throw new Problem('upload_option_invalid', detail);
  }
  const dialect = DIALECT_OPTIONS.filter((option) => changes[option] !== undefined);
  if (isRewritten(kept.layout) && dialect.some((option) => changes[option] !== failed.options[option])) {
    const detail =
      'The text is kept as it was read: without skipped lines, comments, escape characters and delimiters at the end of lines. Send the file again to read it in another way.';
    throw new Problem('upload_option_invalid', detail);
  }
  // What was detected stays, unless it is to be detected under other rules.
  const detected = dialect.length > 0 && !isRewritten(kept.layout) ? null : kept;
  const changed = detected ? withoutDialect(changes) : changes;
  return {
    uploadId: newUploadId(),
    filename: failed.filename,
    contentEncoding: null,
    expectedBytes: kept.segments.reduce((sum, { bytes }) => sum + bytes, 0),
    options: changeOptions(failed.options, {
      ...rewritingOf(kept.layout),
      ...detected?.dialect,
      encoding: 'utf-8',
      ...changed,
    }),
    idempotencyKey: null,
    corrects: failed.corrects,
    caller: null,
    retryOf: {
      id: failed.id,
      bytes: kept.bytes,
      sha256: kept.sha256,
      encoding: kept.encoding,
      ...(isRewritten(kept.layout) && { layout: kept.layout }),
      ...(detected && { warnings: detected.warnings }),
      ...(detected?.headerGuessed !== undefined && { headerGuessed: detected.headerGuessed }),
    },
  };
}

function withoutDialect(changes: GivenOptions): GivenOptions {
  return Object.fromEntries(
    Object.entries(changes).filter(([option]) => !DIALECT_OPTIONS.some((name) => name === option)),
  );
}
