import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CreateResumableUploadHeaders, ResumableUploadParams } from '../../api/resumable-uploads.ts';
import type { ResumableFile } from '../../catalog/resumable-file.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { newUploadId } from '../../model/ids.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { emptyResponse } from '../openapi/response.ts';
import { documentationOnly } from '../requests/documentation-only.ts';
import { FILE_PROBLEMS } from '../uploads/file-problems.ts';
import {
  isOptionName,
  type RawFileOptions,
  readCorrects,
  readOptions,
  refuseMisspelled,
} from '../uploads/upload-options.ts';
import { TUS_PATH as PATH, tusAnswer } from './tus-answer.ts';
import {
  CHECKSUM_ALGORITHMS,
  readLength,
  readMetadata,
  refuseOtherVersion,
  refuseWithoutOffset,
  TUS_VERSION,
} from './tus-headers.ts';
import { TusLocks } from './tus-locks.ts';
import { EXPIRES, FILE_OPERATIONS, OFFSET, TUS_METHODS, TUS_PROBLEMS, type TusMethod } from './tus-operations.ts';

export interface TusDeps {
  readonly ingest: Pick<Ingest, 'cancelOrUndo' | 'resumable' | 'findUpload'>;
  readonly maxUploadBytes: number;
}

const EXTENSIONS = 'creation,creation-with-upload,checksum,termination,expiration';

/**
 * `/tus` and `/tus/{id}`: resumable uploads. The library implements the protocol; who may do what, where the bytes are kept
 * and what the file becomes is decided here and in ingest.
 */
export function tusRoutes(deps: TusDeps): FastifyPluginAsyncTypebox {
  const { maxUploadBytes, ingest } = deps;
  const { resumable } = ingest;
  const answer = tusAnswer(new TusLocks());

  /** The file that a POST describes. */
  async function newFile({ headers, scope }: FastifyRequest): Promise<ResumableFile> {
    const length = readLength(headers, maxUploadBytes);
    const metadata = readMetadata(headers);
    const { customer_id: customerId, filename } = metadata;
    for (const name of Object.keys(metadata)) refuseMisspelled(name);
    const given = Object.entries(metadata).filter(([name]) => isOptionName(name));
    const raw: RawFileOptions = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
    const options = readOptions(raw);
    const access = await scope.customerForUpload(customerId);
    const createdAt = new Date().toISOString();
    const about = {
      id: newUploadId(),
      filename: filename?.slice(0, 255) || null,
      options,
      corrects: readCorrects(raw),
    };
    return { ...about, length, metadata, createdAt, ...access };
  }

  async function answerOfFile(method: TusMethod, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { access, upload } = await request.scope.upload(
      (request.params as ResumableUploadParams).id,
      method === 'DELETE' ? 'undo' : 'read',
    );
    const { id } = upload;
    if (method === 'PATCH') refuseWithoutOffset(request.headers);
    if (method === 'HEAD') {
      const file = await resumable.find(id);
      // If the response to the last PATCH was lost, the client sends HEAD: the file becomes an upload now.
      if (file && file.received === file.length) await resumable.finish(id);
    }
    const cancel = () => ingest.cancelOrUndo(access, id);
    return answer(method, { ...ingest, id, cancel, begins: null }, request, reply);
  }

  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.addHook('onSend', async (_request, reply) => {
      reply.headers({ 'tus-resumable': TUS_VERSION, ...(reply.statusCode === 412 && { 'tus-version': TUS_VERSION }) });
    });
    app.addHook('preValidation', async ({ method, headers }) => {
      if (method !== 'OPTIONS') refuseOtherVersion(headers);
    });

    app.options(PATH, { config: { right: 'public' }, schema: { hide: true } }, async (_request, reply) => {
      reply.headers({ 'tus-version': TUS_VERSION, 'tus-extension': EXTENSIONS, 'tus-max-size': maxUploadBytes });
      return reply.header('tus-checksum-algorithm', CHECKSUM_ALGORITHMS.join(',')).code(204).send(null);
    });

    app.post(
      PATH,
      {
        config: {
          right: 'upload',
          problems: [
            ...TUS_PROBLEMS,
            ...CUSTOMER_PROBLEMS,
            'customer_id_missing',
            ...FILE_PROBLEMS,
            'checksum_mismatch',
          ],
        },
        validatorCompiler: documentationOnly,
        schema: {
          tags: ['Resumable uploads'],
          summary: 'Create a resumable upload',
          description:
            'The first request of the tus 1.0 protocol, for which most languages have clients. Until the file is complete, `/uploads/{id}` shows it with the status `receiving`. See docs/resumable-uploads.md.',
          operationId: 'createResumableUpload',
          headers: CreateResumableUploadHeaders,
          response: {
            201: emptyResponse('The upload is created.', {
              location: 'Path of the resumable upload.',
              'upload-offset': OFFSET,
              'upload-expires': EXPIRES,
            }),
          },
        },
      },
      async (request, reply) => {
        const file = await newFile(request);
        const cancel = () => resumable.cancel(file.id);
        return answer('POST', { ...ingest, id: file.id, cancel, begins: file }, request, reply);
      },
    );

    for (const method of TUS_METHODS) {
      const { problems, ...documented } = FILE_OPERATIONS[method];
      app.route({
        // As an array, or `@fastify/swagger` leaves HEAD out.
        method: [method],
        url: `${PATH}/:id`,
        config: { right: 'upload', problems: [...TUS_PROBLEMS, 'upload_not_found', 'upload_locked', ...problems] },
        validatorCompiler: documentationOnly,
        schema: { tags: ['Resumable uploads'], params: ResumableUploadParams, ...documented },
        handler: async (request, reply) => answerOfFile(method, request, reply),
      });
    }

    // For clients that can only send POST. All methods require the same permission.
    app.post(
      `${PATH}/:id`,
      { config: { right: 'upload' }, validatorCompiler: documentationOnly, schema: { hide: true } },
      async (request, reply) => {
        const override = String(request.headers['x-http-method-override'] ?? 'POST').toUpperCase();
        const method = TUS_METHODS.find((each) => each === override);
        if (method) return answerOfFile(method, request, reply);
        const detail = `A resumable upload supports ${TUS_METHODS.join(', ')}, not ${override.slice(0, 20)}.`;
        throw new Problem('method_not_allowed', detail, { allow: TUS_METHODS });
      },
    );
  };
}
