import type { Readable } from 'node:stream';
import { type TSchema, Type } from 'typebox';

/** Response headers by name, each with its description. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** Documents a response. The type of the response stays that of the schema. */
export function response<Schema extends TSchema>(
  schema: Schema,
  description: string,
  headers: ResponseHeaders = {},
): Schema {
  return { ...schema, ...documented(description, headers) };
}

/** Documents a response without a body. */
export function emptyResponse(description: string, headers: ResponseHeaders = {}) {
  return response(Type.Null(), description, headers);
}

/**
 * Documents a response whose body is a stream.
 *
 * @param mediaTypes the schema of each content type that the stream may have
 */
export function streamResponse(
  description: string,
  mediaTypes: Readonly<Record<string, TSchema>>,
  headers: ResponseHeaders = {},
) {
  const content = Object.fromEntries(Object.entries(mediaTypes).map(([type, schema]) => [type, { schema }]));
  return Type.Unsafe<Readable>({ content, ...documented(description, headers) });
}

/** Read by `document.ts`; the schema may have a description of its own. */
function documented(description: string, headers: ResponseHeaders) {
  const entries = Object.entries(headers).map(([name, text]) => [name, { type: 'string', description: text }]);
  return { 'x-response-description': description, ...(entries.length > 0 && { headers: Object.fromEntries(entries) }) };
}
