import { Problem } from '../../errors.ts';
import { problemJson } from '../problems/problem-json.ts';

/** A server-sent event (WHATWG HTML, section 9.2). */
export function eventText({ event, data }: { readonly event: string; readonly data: unknown }): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** @returns the last event of a stream that a problem ends; null if its client is to connect again, as after the stop of a node. @throws what is no Problem */
export function problemEvent(error: unknown): string | null {
  if (!(error instanceof Problem)) throw error;
  // Nothing is wrong with the request.
  if (error.code === 'catalog_unavailable') return null;
  return eventText({ event: 'problem', data: problemJson(error) });
}
