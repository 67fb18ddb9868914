import type { Operations } from '../operations.ts';
import { SegmentRewriter } from './segment-rewriter.ts';

/** Rewrites a segment by the parsers with which the engine loads its own tables. */
export const rewriteSegment: Operations['rewrite_segment'] = async (params, { signal, progress }) => {
  const { dialect, segment, path } = params;
  const rewriter = new SegmentRewriter(params, dialect, { recode: params.recode });
  const onProgress = (bytes: number): void => progress(bytes / Math.max(1, segment.bytes));
  const rewritten = await rewriter.rewrite(segment, signal, onProgress, path);
  return {
    segment: rewritten,
    dialect: rewriter.dialect,
    ambiguousTimes: rewriter.ambiguousTimes(),
    incompleteTimes: rewriter.incompleteTimes,
  };
};
