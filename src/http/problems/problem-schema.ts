import { Type } from 'typebox';
import type { ProblemDocument } from '../../errors.ts';
import { PROBLEM_TYPE } from './problem-reply.ts';

/** RFC 9457, with Thena's `code` and `hint`. Registered with the server under this name. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri', examples: ['urn:thena:problem:too_many_columns'] }),
    title: Type.String({ description: 'The same for every occurrence of the code.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    code: Type.String({ description: 'Stable: what programs look at. All are listed in docs/errors.md.' }),
    detail: Type.String({ description: 'What is wrong with this request or file.' }),
    hint: Type.String({ description: 'How to mend it.' }),
  },
  { $id: 'Problem', title: 'Problem', additionalProperties: true },
);

export const ProblemRef = Type.Unsafe<ProblemDocument>({ $ref: 'Problem#' });

const body = { [PROBLEM_TYPE]: { schema: ProblemRef } };

/** The replies that every route can give besides its own. */
export const problemReplySchemas = {
  '4xx': { description: 'The request is refused; `code` says why.', content: body },
  '5xx': { description: 'Thena failed, or is not there yet.', content: body },
};
