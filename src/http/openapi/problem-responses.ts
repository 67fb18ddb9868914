import { Problem } from '../../api/problems.ts';
import { ERRORS, type ErrorCode } from '../../errors.ts';
import type { RequiredRight } from '../access/access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems that a route can answer with, besides those that {@link problemResponses} derives. For the documentation. */
    problems?: readonly ErrorCode[];
  }
}

interface DocumentedRoute {
  readonly right: RequiredRight | undefined;
  readonly problems: readonly ErrorCode[];
  /** Whether the request has a query string or a JSON body. */
  readonly hasInput: boolean;
  readonly hasJsonBody: boolean;
}

/** The problem responses of a route by status, each with its codes, and one for all other problems. */
export function problemResponses(route: DocumentedRoute, auth: 'open' | 'keys') {
  const codes = new Set<ErrorCode>([...route.problems, ...derivedProblems(route, auth)]);
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return {
    ...Object.fromEntries([...byStatus].map(([status, ofStatus]) => [status, problemResponse(listed(ofStatus))])),
    default: problemResponse('Any other problem, such as `internal_error` (500) or `shutting_down` (503).'),
  };
}

function derivedProblems({ right, hasInput, hasJsonBody }: DocumentedRoute, auth: 'open' | 'keys'): ErrorCode[] {
  const codes: ErrorCode[] = [];
  if (hasInput) codes.push('bad_request');
  if (hasJsonBody) codes.push('unsupported_media_type', 'body_too_large');
  if (auth === 'open') codes.push('host_refused', 'origin_refused');
  if (auth === 'keys' && right !== 'public')
    codes.push('key_missing', 'key_invalid', 'session_ended', 'key_lacks_right', 'origin_refused');
  return codes;
}

function listed(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `- \`${code}\`: ${ERRORS[code].title}`).join('\n');
}

function problemResponse(description: string) {
  return { 'x-response-description': description, content: { 'application/problem+json': { schema: Problem } } };
}
