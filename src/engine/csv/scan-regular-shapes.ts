import type { FieldShape } from '../../csv/field-shapes.ts';
import { KeptShapes } from '../../csv/kept-shapes.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import type { Operations } from '../operations.ts';

/** The cutter finds no shapes in a segment that has records with too few or too many fields. They are rejected, and the others count. */
export const scanRegularShapes: Operations['scan_regular_shapes'] = async ({ source }, { signal }) => {
  const { dialect, segments, columns } = source;
  const wanted = columns.map(() => false);
  const found: (readonly (readonly FieldShape[])[])[] = [];
  for (const segment of segments) {
    const shapes = new KeptShapes(dialect, columns.length);
    for await (const { text, records } of segmentRecords(segment, dialect, columns.length, { wanted })) {
      signal.throwIfAborted();
      for (const { fields, malformed, byteOffset, bytes } of records) {
        if (malformed !== null || fields.length !== columns.length) continue;
        shapes.add(text.subarray(byteOffset, Math.min(byteOffset + bytes + 1, text.length)));
      }
    }
    found.push(shapes.take());
  }
  return found;
};
