import { Problem } from '../errors.ts';
import { shown } from './request-part.ts';

/** An analysis that is requested by number or name. */
export interface AnalyzeType {
  readonly number: number;
  readonly name: string;
  readonly description: string;
}

/** All analyze types. The number of a removed type is never reused. */
export const ANALYZE_TYPES = [
  {
    number: 10000,
    name: 'time_difference',
    description:
      'Time from the first row (in upload and line order) to the row with the latest time. 0 if they are the same row.',
  },
  { number: 10001, name: 'total_rows', description: 'Number of rows in the table.' },
  {
    number: 10002,
    name: 'time_span',
    description: 'Time between the earliest and the latest row, regardless of their order in the files.',
  },
  {
    number: 10003,
    name: 'profile',
    description:
      'Summary of each column: number of nulls and of distinct values, minimum and maximum; for numeric columns also the mean and the quartiles. Of more than 5 million values, quartiles and large numbers of distinct values are computed from samples, with their errors.',
  },
  {
    number: 10004,
    name: 'rows_over_time',
    description:
      'Number of rows per time bucket, in chronological order. Omits buckets without rows, and rows without a time.',
  },
  {
    number: 10005,
    name: 'top_values',
    description: 'The most frequent values of a column and their number of rows, most frequent first.',
  },
] as const satisfies readonly AnalyzeType[];

export type AnalyzeTypeName = (typeof ANALYZE_TYPES)[number]['name'];

/** The type that a request names. `analyzer_type` is the assignment's spelling of `analyze_type`. */
export interface NamedAnalysis {
  readonly analyze_type?: unknown;
  readonly analyzer_type?: unknown;
}

/** Finds a type by its number, as a number or string, or by its name in any letter case. */
function find(value: unknown): (typeof ANALYZE_TYPES)[number] | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return;
  const wanted = String(value).trim().toLowerCase();
  return ANALYZE_TYPES.find(({ number, name }) => wanted === name || wanted === String(number));
}

/**
 * @throws Problem analyze_type_missing or analyze_type_unknown, with a list of the types; bad_request if the two spellings
 *   name different types
 */
export function findAnalyzeType(request: NamedAnalysis): (typeof ANALYZE_TYPES)[number] {
  const given = [request.analyze_type, request.analyzer_type].filter((value) => value !== undefined && value !== null);
  if (given.length === 0) {
    throw new Problem('analyze_type_missing', 'The request has no analyze_type.', { analyze_types: listed() });
  }
  const [type, other] = given.map((value) => {
    const found = find(value);
    if (found) return found;
    const names = ANALYZE_TYPES.map(({ number, name }) => `${number} (${name})`).join(', ');
    const detail = `Unknown analyze type ${shown(value)}. The types are: ${names}.`;
    throw new Problem('analyze_type_unknown', detail, { analyze_types: listed() });
  });
  if (type === undefined || (other !== undefined && other !== type)) {
    const detail = `The request has analyze_type ${String(given[0])} and analyzer_type ${String(given[1])}. Send one of them.`;
    throw new Problem('bad_request', detail);
  }
  return type;
}

function listed(): readonly { readonly number: number; readonly name: string }[] {
  return ANALYZE_TYPES.map(({ number, name }) => ({ number, name }));
}
