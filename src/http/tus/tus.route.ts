import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { ResumableFile } from '../../ingest/resumable/resumable-files.ts';
import { newUploadId } from '../../model/ids.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { withoutBody } from '../requests/body-schema.ts';
import { isOptionName, type RawFileOptions, readCorrects, readUploadOptions } from '../uploads/upload-options.ts';
import { TUS_PATH as PATH, tusAnswer } from './tus-answer.ts';
import {
  CHECKSUM_ALGORITHMS,
  readLength,
  readMetadata,
  refuseOtherVersion,
  refuseUnplacedBytes,
  TUS_VERSION,
} from './tus-headers.ts';
import { TusLocks } from './tus-locks.ts';

export interface TusDeps {
  readonly ingest: Pick<Ingest, 'resumable' | 'findUpload'>;
  readonly maxUploadBytes: number;
}

const EXTENSIONS = 'creation,creation-with-upload,checksum,termination,expiration';

const FileParams = Type.Object({ id: Type.String({ description: 'The id of the file, and of its upload.' }) });
const PROTOCOL =
  'A file in several requests, by the protocol tus 1.0 (https://tus.io/protocols/resumable-upload), which has clients for most languages.';
const METADATA =
  '`Upload-Metadata` holds `customer_id`, and, where wanted, `filename` and the options of an upload; each with its value in Base64.';
/** What each method does, and its status. */
const METHODS = {
  HEAD: [200, 'See how much of a resumable upload has come (tus)'],
  PATCH: [204, 'Send the next bytes of a resumable upload (tus)'],
  DELETE: [204, 'Give a resumable upload up (tus)'],
} as const;
type Method = keyof typeof METHODS;

/** Resumable uploads. The protocol is the library's; who may do what, the bytes and the upload are Thena's. */
export function tusRoutes(deps: TusDeps): FastifyPluginAsyncTypebox {
  const { maxUploadBytes, ingest } = deps;
  const { resumable } = ingest;

  const answer = tusAnswer(new TusLocks());

  /** The file to be made. */
  async function described({ headers, scope }: FastifyRequest): Promise<ResumableFile> {
    const length = readLength(headers, maxUploadBytes);
    const metadata = readMetadata(headers);
    const { customer_id: customerId, filename } = metadata;
    const given = Object.entries(metadata).filter(([name]) => isOptionName(name));
    const raw: RawFileOptions = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
    const options = readUploadOptions(raw);
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

  async function answerOfFile(method: Method, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { id } = (await request.scope.upload((request.params as { id: string }).id)).upload;
    if (method === 'PATCH') refuseUnplacedBytes(request.headers);
    if (method === 'HEAD') {
      const file = await resumable.find(id);
      // A file whose last answer was lost is never sent again: who asks how far it is, is told what became of it.
      if (file && file.received === file.length) await resumable.finish(id);
    }
    return answer(method, { ...ingest, id, begins: null }, request, reply);
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
        config: { right: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary: 'Begin a resumable upload (tus)',
          description: `${PROTOCOL} ${METADATA} Until it is whole, \`/uploads/{id}\` tells of it as \`receiving\`.`,
          operationId: 'beginResumableUpload',
          response: {
            201: Type.Null({ description: '`Location` is the address of the file.' }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => {
        const file = await described(request);
        return answer('POST', { ...ingest, id: file.id, begins: file }, request, reply);
      },
    );

    for (const method of Object.keys(METHODS) as Method[]) {
      const [status, summary] = METHODS[method];
      app.route({
        method,
        url: `${PATH}/:id`,
        config: { right: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary,
          description: `${PROTOCOL} With its last byte it is an upload of the same id.`,
          operationId: `${method.toLowerCase()}ResumableUpload`,
          params: FileParams,
          response: { [status]: Type.Null(), ...problemReplySchemas },
        },
        handler: async (request, reply) => answerOfFile(method, request, reply),
      });
    }

    // For clients that have no other methods; the right is the same for all of them.
    app.post(
      `${PATH}/:id`,
      { config: { right: 'upload' }, validatorCompiler: withoutBody, schema: { hide: true } },
      async (request, reply) => {
        const method = String(request.headers['x-http-method-override'] ?? 'POST').toUpperCase();
        const allow = Object.keys(METHODS);
        if (allow.includes(method)) return answerOfFile(method as Method, request, reply);
        throw new Problem('method_not_allowed', `A file takes ${allow.join(', ')}, not ${method.slice(0, 20)}.`, {
          allow,
        });
      },
    );
  };
}
