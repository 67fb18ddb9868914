import { segmentRecords } from '../../csv/segment-records.ts';
import { EvidenceCollector } from '../../csv/values/column-evidence.ts';
import type { Operations } from '../operations.ts';

/** Records that are malformed, or have too few or too many fields, are left out: they are rejected. */
export const collectEvidence: Operations['collect_evidence'] = async (params, { signal, progress }) => {
  const { source, columns, nulls } = params;
  const { dialect, segments } = source;
  const words = new Set(nulls);
  const width = source.columns.length;
  const wanted = source.columns.map((_, index) => columns.some((column) => column.index === index));
  const collected = columns.map(({ index, pattern, maxRecords }) => ({
    index,
    maxRecords: maxRecords ?? Number.POSITIVE_INFINITY,
    collector: new EvidenceCollector(words, pattern),
  }));
  let active = collected;
  let records = 0;
  for (const [index, segment] of segments.entries()) {
    for await (const batch of segmentRecords(segment, dialect, width, { wanted })) {
      signal.throwIfAborted();
      for (const { fields, line, malformed } of batch.records) {
        if (malformed !== null || fields.length !== width) continue;
        if (active.some(({ maxRecords }) => maxRecords <= records)) {
          active = active.filter(({ maxRecords }) => maxRecords > records);
          for (const column of collected) wanted[column.index] = active.includes(column);
        }
        if (active.length === 0) break;
        records++;
        for (const column of active) column.collector.add(fields[column.index] as string | null, line);
      }
      if (active.length === 0) break;
    }
    if (active.length === 0) break;
    progress((index + 1) / segments.length);
  }
  return collected.map(({ collector }) => collector.evidence);
};
