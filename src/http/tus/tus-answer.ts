import { Readable } from 'node:stream';
import { type Locker, Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, Problem } from '../../errors.ts';
import { bodyOf, expectSilence } from '../requests/unfinished-request.ts';
import { readChecksum } from './tus-headers.ts';
import { type TusRequest, TusStore } from './tus-store.ts';

export const TUS_PATH = '/api/v1/tus';
/** How long who sends bytes may go on when another request for the same file comes. */
const DRAIN_MS = 500;

/** What the protocol answers with, as Thena tells it. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'upload_not_found',
  409: 'upload_offset_conflict',
  410: 'upload_not_found',
  413: 'upload_too_large',
};

/** Has the library answer a request for the one file that its caller was let in for. */
export function tusAnswer(locker: Locker) {
  return async (
    method: 'POST' | 'HEAD' | 'PATCH' | 'DELETE',
    target: Omit<TusRequest, 'checksum'>,
    { raw, headers }: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const { id, resumable } = target;
    let failure: unknown = null;
    const server = new Server({
      path: TUS_PATH,
      datastore: new TusStore({ ...target, checksum: readChecksum(headers) }),
      locker,
      lockDrainTimeout: DRAIN_MS,
      relativeLocation: true,
      allowedOrigins: () => false,
      disableTerminationForFinishedUploads: true,
      namingFunction: () => id,
      // As it was read: the library locks by the text of the address, which may be written otherwise.
      getFileIdFromRequest: () => id,
      onUploadFinish: async () => {
        // It takes as long as an upload at once does, and nothing is said meanwhile.
        expectSilence(raw);
        await resumable.finish(id);
        return {};
      },
      onResponseError: (_, error) => {
        failure = error;
        return undefined;
      },
    });
    const given = new Headers();
    for (const [name, value] of Object.entries(headers)) given.set(name, String(value));
    const hasBody = method === 'PATCH' || method === 'POST';
    const body = hasBody ? { body: Readable.toWeb(bodyOf(raw)) as ReadableStream, duplex: 'half' as const } : {};
    const request = new Request(`http://localhost${TUS_PATH}/${id}`, { method, headers: given, ...body });
    const response = await server.handleWeb(request);
    if (response.status >= 400) {
      if (method === 'PATCH' && failure instanceof Problem && failure.code === 'disk_full')
        throw fullInTheMiddle(failure);
      throw refusal(failure, response.status, await response.text());
    }
    for (const [name, value] of response.headers) {
      // There is no body, and no other origin.
      if (name !== 'content-type' && !name.startsWith('access-control-')) reply.header(name, value);
    }
    return reply.code(response.status).send(null);
  };
}

/** Of a file at once nothing is kept then, as its refusal says. */
function fullInTheMiddle(cause: Problem): Problem {
  const detail = 'The disk has no room left but what is kept in reserve. What has come of the file is kept.';
  return new Problem('disk_full', detail, {}, { cause });
}

function refusal(failure: unknown, status: number, text: string): unknown {
  if (failure instanceof Problem) return failure;
  const code = CODES[status] ?? (status < 500 ? 'tus_request_invalid' : null);
  // The file itself was measured when it was begun.
  if (code === 'upload_too_large') return new Problem(code, 'More bytes came than Upload-Length told.');
  if (code) return new Problem(code, text.trim().replace(/[^.]$/, '$&.'));
  return failure instanceof Error ? failure : new Error(text);
}
