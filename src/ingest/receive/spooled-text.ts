import { createReadStream } from 'node:fs';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { UploadOptions } from '../../catalog/upload-options.ts';
import { type CsvLayout, PLAIN_LAYOUT } from '../../csv/dialect.ts';
import { BYTE_ORDER_MARK, withoutMark } from '../../csv/segment.ts';

/**
 * The text of a file as it was sent, except for its line ends and for what its layout says. Records keep their line numbers.
 *
 * @param segments with absolute paths
 */
export async function* spooledText(
  file: Pick<ReceivedFile, 'headerText'>,
  segments: ReceivedFile['segments'],
): AsyncGenerator<Buffer, void> {
  const header = file.headerText === null ? '' : `${file.headerText}\n`;
  const linesBefore = (segments[0]?.firstLine ?? 1) - 1 - (header.split('\n').length - 1);
  // The decoder drops this mark; without it, it would drop a U+FEFF with which the text itself starts.
  yield Buffer.concat([BYTE_ORDER_MARK, Buffer.from('\n'.repeat(Math.max(0, linesBefore)) + header)]);
  for (const { path } of segments) {
    let first = true;
    for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
      yield first ? withoutMark(bytes) : bytes;
      first = false;
    }
  }
}

/** The text is kept without what these options are about. Lines that were skipped are blank. */
export function rewritingOf({ skippedLines }: CsvLayout): Partial<UploadOptions> {
  return { skipLines: skippedLines || null, comment: null, escape: null, surplus: 'reject', stripNul: false };
}

/** Whether the text in the spool lacks something of the file, or is written in another way. */
export function isRewritten(layout: CsvLayout): boolean {
  return Object.keys(PLAIN_LAYOUT).some(
    (key) => layout[key as keyof CsvLayout] !== PLAIN_LAYOUT[key as keyof CsvLayout],
  );
}
