import type { DetectedDialect } from './detect-dialect.ts';
import { RecordCutter } from './record-cutter.ts';
import { RecordRewriter } from './record-rewriter.ts';

/** Cuts the text below the header of a file. */
export function cutterOf({ dialect, columns, newline, firstDataLine }: DetectedDialect): RecordCutter {
  return new RecordCutter({ ...dialect, newline, columns: columns.length, firstLine: firstDataLine });
}

/** Rewrites the same text before it is cut. @returns null if it can be cut as it is */
export function rewriterOf({
  dialect,
  layout,
  columns,
  newline,
  firstDataLine,
}: DetectedDialect): RecordRewriter | null {
  const { comment, emptyFieldDropped } = layout;
  if (comment === null && layout.escape === null && !emptyFieldDropped) return null;
  return new RecordRewriter({
    ...dialect,
    comment,
    escape: layout.escape,
    dropEmptyField: emptyFieldDropped,
    columns: columns.length,
    crEndsLine: newline === '\r',
    firstLine: firstDataLine,
  });
}

/** Warns of what a text contains that its sender may not expect. @param stripped number of NUL bytes removed */
export function textDoubts({ quoteInTextOn }: RecordCutter, stripped: number): readonly string[] {
  const quote = `Line ${quoteInTextOn} has a quote inside an unquoted field. It is part of the text, and a delimiter after it ends the field.`;
  const nuls = `${stripped} NUL ${stripped === 1 ? 'byte was' : 'bytes were'} removed.`;
  return [...(quoteInTextOn === null ? [] : [quote]), ...(stripped > 0 ? [nuls] : [])];
}
