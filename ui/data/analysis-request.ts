import type { AnalyzeTypeName } from '../../src/api/analyze-types.ts';
import type { Query } from '../../src/api/queries.ts';

/** What is analyzed. The address of the page says it, so that the address is all that has to be shared. */
export type AnalysisRequest =
  | {
      readonly kind: 'type';
      readonly type: AnalyzeTypeName;
      readonly parameters: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: 'query'; readonly query: Query };

/** The parameters of the types that have some. */
const PARAMETERS = { rows_over_time: ['column', 'bucket', 'time_zone'], top_values: ['column', 'limit'] } as const;

/**
 * The request of an address; null: it has none.
 *
 * @throws SyntaxError if its query is not JSON
 */
export function requestIn(search: URLSearchParams): AnalysisRequest | null {
  const query = search.get('q');
  if (query !== null) {
    const parsed: unknown = JSON.parse(query);
    if (typeof parsed !== 'object' || parsed === null) throw new SyntaxError('A query is a JSON object.');
    return { kind: 'query', query: parsed as Query };
  }
  const type = search.get('type') as AnalyzeTypeName | null;
  if (type === null) return null;
  const names: readonly string[] = type in PARAMETERS ? PARAMETERS[type as keyof typeof PARAMETERS] : [];
  const given = names.flatMap((name) => {
    const value = search.get(name);
    return value === null ? [] : [[name, name === 'limit' ? Number(value) : value] as const];
  });
  return { kind: 'type', type, parameters: Object.fromEntries(given) };
}

/** The query string of the page for a request. */
export function searchFor(request: AnalysisRequest): string {
  return `?${new URLSearchParams(
    request.kind === 'query'
      ? { q: JSON.stringify(request.query) }
      : { type: request.type, ...stringsOf(request.parameters) },
  )}`;
}

/** Path of the result in a format, for other programs. */
export function linkTo(customerId: string, request: AnalysisRequest, format: string): string {
  const base = `/api/v1/customers/${encodeURIComponent(customerId)}`;
  if (request.kind === 'query') {
    return `${base}/query.${format}?${new URLSearchParams({ q: JSON.stringify(request.query) })}`;
  }
  const parameters = { analyze_type: request.type, ...stringsOf(request.parameters) };
  return `${base}/analysis.${format}?${new URLSearchParams(parameters)}`;
}

/** A command that runs the analysis. A key is taken from the environment, so that it is in no history. */
export function curlFor(origin: string, customerId: string, request: AnalysisRequest, withKey: boolean): string {
  const body =
    request.kind === 'query'
      ? { customer_id: customerId, query: request.query }
      : { customer_id: customerId, analyze_type: request.type, ...request.parameters };
  return [
    `curl -X POST ${quoted(`${origin}/api/v1/analyze/`)}`,
    ...(withKey ? ['-H "Authorization: Bearer $THENA_KEY"'] : []),
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(' ');
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function stringsOf(values: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
