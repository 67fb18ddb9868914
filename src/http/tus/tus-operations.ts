import { type TSchema, Type } from 'typebox';
import { AppendHeaders, TusHeaders } from '../../api/resumable-uploads.ts';
import type { ErrorCode } from '../../errors.ts';
import { emptyResponse } from '../openapi/response.ts';
import { FILE_PROBLEMS } from '../uploads/file-problems.ts';

/** The problems of every request of the protocol. */
export const TUS_PROBLEMS = ['tus_version_unsupported', 'tus_request_invalid'] as const satisfies readonly ErrorCode[];
/** Response headers. */
export const OFFSET = 'Number of bytes received so far.';
export const EXPIRES = 'When the file is removed if no more bytes arrive.';

export type TusMethod = 'HEAD' | 'PATCH' | 'DELETE';

interface FileOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly headers: TSchema;
  readonly consumes?: readonly string[];
  readonly body?: TSchema;
  readonly response: Readonly<Record<number, TSchema>>;
  readonly problems: readonly ErrorCode[];
}

/** What each method does with a resumable upload, for the documentation. */
export const FILE_OPERATIONS: Readonly<Record<TusMethod, FileOperation>> = {
  HEAD: {
    operationId: 'getUploadOffset',
    summary: 'Get the offset of a resumable upload',
    description: 'The upload continues from there.',
    headers: TusHeaders,
    response: {
      200: emptyResponse('The state of the file.', {
        'upload-offset': OFFSET,
        'upload-length': 'Size of the whole file.',
        'upload-metadata': 'As given when the upload was created.',
        'upload-expires': EXPIRES,
      }),
    },
    problems: [],
  },
  PATCH: {
    operationId: 'appendToUpload',
    summary: 'Append to a resumable upload',
    description: 'With the last byte, the file becomes an upload with the same ID.',
    headers: AppendHeaders,
    consumes: ['application/offset+octet-stream'],
    body: Type.String({ format: 'binary', description: 'The next bytes of the file.' }),
    response: {
      204: emptyResponse('The bytes are on disk.', { 'upload-offset': OFFSET, 'upload-expires': EXPIRES }),
    },
    problems: [...FILE_PROBLEMS, 'upload_offset_conflict', 'checksum_mismatch', 'unsupported_media_type'],
  },
  DELETE: {
    operationId: 'terminateUpload',
    summary: 'Cancel a resumable upload',
    description: 'Removes a file that is not complete.',
    headers: TusHeaders,
    response: { 204: emptyResponse('The file is removed.') },
    problems: ['key_lacks_right', 'cancel_pending'],
  },
};

export const TUS_METHODS = Object.keys(FILE_OPERATIONS) as TusMethod[];
