import { Problem } from '../errors.ts';
import { shown } from './request-part.ts';

/** One analysis that can be asked for by number or name. */
export interface AnalyzeType {
  readonly number: number;
  readonly name: string;
  readonly description: string;
}

/** Every analyze type there is. A retired number is never used again for another meaning. */
export const ANALYZE_TYPES = [
  {
    number: 10000,
    name: 'time_difference',
    description:
      'Time from the first row, in upload and line order, to the row with the latest time. 0 where that is the same row.',
  },
  { number: 10001, name: 'total_rows', description: 'How many rows the table has.' },
  {
    number: 10002,
    name: 'time_span',
    description: 'Time from the earliest row to the latest one, whatever their order in the files.',
  },
  {
    number: 10003,
    name: 'profile',
    description:
      'What each column holds: nulls, distinct values, least and greatest; of numbers also mean and quartiles.',
  },
  {
    number: 10004,
    name: 'rows_over_time',
    description:
      'How many rows fall into each stretch of time. Stretches without rows are left out, as are rows without a time.',
  },
  {
    number: 10005,
    name: 'top_values',
    description: 'The values of a column that most rows have, and how many rows have them.',
  },
] as const satisfies readonly AnalyzeType[];

export type AnalyzeTypeName = (typeof ANALYZE_TYPES)[number]['name'];

/** How a request names an analysis: `analyzer_type` is the original assignment's spelling of `analyze_type`. */
export interface NamedAnalysis {
  readonly analyze_type?: unknown;
  readonly analyzer_type?: unknown;
}

/** Finds a type by number, number in a string, or name in any letter case. */
function find(value: unknown): (typeof ANALYZE_TYPES)[number] | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return;
  const wanted = String(value).trim().toLowerCase();
  return ANALYZE_TYPES.find(({ number, name }) => wanted === name || wanted === String(number));
}

/**
 * @throws Problem analyze_type_missing; analyze_type_unknown, with the types there are; bad_request where the two
 *   spellings are both there and differ
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
    const detail = `There is no analyze type ${shown(value)}. There are: ${names}.`;
    throw new Problem('analyze_type_unknown', detail, { analyze_types: listed() });
  });
  if (type === undefined || (other !== undefined && other !== type)) {
    const detail = `analyze_type is ${String(given[0])} and analyzer_type is ${String(given[1])}; they mean the same. Send one of them.`;
    throw new Problem('bad_request', detail);
  }
  return type;
}

function listed(): readonly { readonly number: number; readonly name: string }[] {
  return ANALYZE_TYPES.map(({ number, name }) => ({ number, name }));
}
