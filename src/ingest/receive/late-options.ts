import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { ReceivedFile, UploadOptions } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { newUploadId } from '../../model/ids.ts';
import type { Spool } from '../spool/spool.ts';
import type { DetectedFile } from './file-head.ts';
import type { IncomingFile } from './incoming-file.ts';
import { spooledText } from './spooled-text.ts';

/** Options that are about the rows, and not about the text. */
const OF_ROWS: ReadonlySet<string> = new Set([
  'onError',
  'duplicates',
  'dryRun',
  'values',
] satisfies (keyof UploadOptions)[]);

/**
 * Whether options that came after a file change how its text is cut. Those that say what was detected anyway do not.
 *
 * @throws Problem upload_option_invalid if the bytes were decoded with another encoding: only their text is left
 */
export function changesText(
  before: UploadOptions,
  after: UploadOptions,
  { encoding, dialect: { dialect } }: Pick<DetectedFile, 'encoding' | 'dialect'>,
): boolean {
  if (after.encoding !== null && after.encoding !== encoding) {
    const detail = `The option encoding came after a long file, which had been read as ${encoding}. Send it before the file.`;
    throw new Problem('upload_option_invalid', detail, { option: 'encoding' });
  }
  const detected: Readonly<Record<string, unknown>> = { encoding, delimiter: dialect.delimiter, quote: dialect.quote };
  return Object.entries(after).some(([name, value]) => {
    if (OF_ROWS.has(name) || isDeepStrictEqual(value, before[name as keyof UploadOptions])) return false;
    return value !== detected[name];
  });
}

/** @returns the text of a received file, to be received as a file of its own */
export function textAgain(
  spool: Spool,
  file: IncomingFile,
  { bytes, sha256, encoding, headerText, segments }: ReceivedFile,
): { readonly file: IncomingFile; readonly bytes: Readable } {
  return {
    file: {
      ...file,
      uploadId: newUploadId(),
      contentEncoding: null,
      expectedBytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      cutAgain: { bytes, sha256, encoding },
    },
    bytes: Readable.from(spooledText({ headerText }, spool.locate(file.uploadId, segments)), { objectMode: false }),
  };
}
