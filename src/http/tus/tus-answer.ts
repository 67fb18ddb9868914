import { Readable } from 'node:stream';
import { type Locker, Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, Problem } from '../../errors.ts';
import { bodyOf, disableIdleTimeout } from '../requests/request-body.ts';
import { readChecksum } from './tus-headers.ts';
import { type TusRequest, TusStore } from './tus-store.ts';

export const TUS_PATH = '/api/v1/tus';
/** How long a request that is sending bytes may continue after another request for the same file arrives. */
const DRAIN_MS = 500;

/** The error codes for the statuses that the library answers with. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'upload_not_found',
  409: 'upload_offset_conflict',
  410: 'upload_not_found',
  413: 'upload_too_large',
};

/** Lets the library answer a request for one file, to which the caller has access. */
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
      // The canonical ID: the library would lock the text in the URL, which may be spelled in another letter case.
      getFileIdFromRequest: () => id,
      onUploadFinish: async () => {
        // This takes as long as receiving a whole file, and the connection is idle meanwhile.
        disableIdleTimeout(raw);
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
      if (method === 'PATCH' && failure instanceof Problem && failure.code === 'disk_full') {
        throw diskFullDuringAppend(failure);
      }
      throw toProblem(failure, response.status, await response.text());
    }
    for (const [name, value] of response.headers) {
      // The response has no body, and no other origin may read it.
      if (name !== 'content-type' && !name.startsWith('access-control-')) reply.header(name, value);
    }
    return reply.code(response.status).send();
  };
}

/** For an upload in one request, the detail says that nothing was kept. Here the bytes received so far are. */
function diskFullDuringAppend(cause: Problem): Problem {
  const detail = 'Only the reserved disk space is left. The bytes received so far are kept.';
  return new Problem('disk_full', detail, {}, { cause });
}

function toProblem(failure: unknown, status: number, text: string): unknown {
  if (failure instanceof Problem) return failure;
  const code = CODES[status] ?? (status < 500 ? 'tus_request_invalid' : null);
  // Upload-Length itself was checked when the upload was created.
  if (code === 'upload_too_large') return new Problem(code, 'The body exceeds the Upload-Length.');
  if (code) return new Problem(code, text.trim().replace(/[^.]$/, '$&.'));
  return failure instanceof Error ? failure : new Error(text);
}
