import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { ReceivedFile } from '../../catalog/upload.ts';
import { TEXT_OPTIONS, type UploadOptions } from '../../catalog/upload-options.ts';
import { Problem } from '../../errors.ts';
import { newUploadId } from '../../model/ids.ts';
import type { Spool } from '../spool/spool.ts';
import type { DetectedFile } from './file-head.ts';
import type { CutAgain, IncomingFile } from './incoming-file.ts';
import { isRewritten, rewritingOf, spooledText } from './spooled-text.ts';

/**
 * Whether options that came after a file change how its text is cut. Those that say what was detected anyway do not.
 *
 * @throws Problem upload_option_invalid if the bytes were decoded with another encoding, or the text was rewritten when it was cut:
 *   what was sent is no longer there
 */
export function changesText(
  before: UploadOptions,
  after: UploadOptions,
  { encoding, dialect: { dialect, layout } }: Pick<DetectedFile, 'encoding' | 'dialect'>,
): boolean {
  const detected: Readonly<Record<string, unknown>> = { encoding, delimiter: dialect.delimiter, quote: dialect.quote };
  const changed = TEXT_OPTIONS.filter(
    (name) => !isDeepStrictEqual(after[name], before[name]) && after[name] !== detected[name],
  );
  const lost = changed.find((name) => name === 'encoding' || isRewritten(layout));
  if (lost === undefined) return changed.length > 0;
  const option = lost.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const detail = after.fromCustomer.includes(lost)
    ? `The customer came after a long file, which had been read without the customer's default for ${option}. Send customer_id before the file.`
    : `The option ${option} came after a long file, which had been read without it. Send it before the file.`;
  throw new Problem('upload_option_invalid', detail, { option });
}

/** @returns the text of a received file, to be received as a file of its own */
export function textAgain(
  spool: Pick<Spool, 'locate'>,
  file: IncomingFile,
  kept: ReceivedFile,
): { readonly file: IncomingFile; readonly bytes: Readable } {
  const { bytes, sha256, encoding, dialect, layout, headerText, headerGuessed, segments, warnings } = kept;
  const sent = { bytes, sha256, encoding };
  // Rewritten text is cut as before: only options for the rows have changed.
  const cutAgain: CutAgain = isRewritten(layout)
    ? {
        sent: { ...sent, layout, warnings, ...(headerGuessed !== undefined && { headerGuessed }) },
        options: { ...rewritingOf(layout), ...dialect, encoding: 'utf-8' },
      }
    : { sent, options: { encoding: 'utf-8' } };
  return {
    file: {
      ...file,
      uploadId: newUploadId(),
      contentEncoding: null,
      expectedBytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      cutAgain,
    },
    bytes: Readable.from(spooledText({ headerText }, spool.locate(segments)), { objectMode: false }),
  };
}
