import type { ErrorCode } from '../../errors.ts';

/** Headers of every response to a link. */
export const LINK_HEADERS = {
  'content-disposition': 'A file name.',
  'thena-table-version': 'The version of the table.',
  etag: 'Identifies the bytes. For If-None-Match and If-Range.',
  'last-modified':
    'When the table changed for the last time. Missing during the second after a change. For If-Modified-Since and If-Range.',
};

export const LINK_PROBLEMS = ['range_not_satisfiable'] as const satisfies readonly ErrorCode[];
