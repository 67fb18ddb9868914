import type { CsvSource } from '../../csv/segment.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import type { ParsedFile } from '../../model/parsed-columns.ts';

/** Fewer texts than these say nothing. */
const LEAST_TEXTS = 100;
/** A column has few different texts if each is there this often, on average. */
const REPEATED = 10;

/**
 * Finds the text columns of a new table that have few different texts, such as names of countries, by the first megabyte of its
 * first file: as `LowCardinality` they take less space and are grouped faster. Others would get slower by it.
 *
 * @param into the stored column for each column of the file
 * @returns names of stored columns
 */
export async function fewTexts(
  { columns }: ParsedFile,
  into: readonly (string | null)[],
  { dialect, segments, columns: { length } }: CsvSource,
): Promise<ReadonlySet<string>> {
  const [segment] = segments;
  const texts = columns.flatMap(({ format, combines }, index) => {
    const name = into[index] ?? null;
    const isText = format.type === 'text' && combines === undefined && name !== null;
    return isText ? [{ index, name, count: 0, distinct: new Set<string>() }] : [];
  });
  if (segment === undefined || texts.length === 0) return new Set();
  const wanted = Array.from({ length }, (_, index) => texts.some((text) => text.index === index));
  for await (const { records } of segmentRecords(segment, dialect, length, { wanted })) {
    for (const { fields } of records) {
      for (const text of texts) {
        const value = fields[text.index] ?? null;
        if (value === null) continue;
        text.count++;
        text.distinct.add(value);
      }
    }
    break;
  }
  return new Set(
    texts.flatMap(({ name, count, distinct }) =>
      count >= LEAST_TEXTS && distinct.size * REPEATED <= count ? [name] : [],
    ),
  );
}
