import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { MemoryLocker, Metadata, Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Upload } from '../catalog/upload.ts';
import { type ErrorCode, Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Checksum, ResumableFile } from '../ingest/resumable-files.ts';
import type { Grant } from '../table/grant.ts';
import { newUploadId, parseUploadId } from '../table/ids.ts';
import { grantToFinish } from './access.ts';
import { withoutBody } from './body-schema.ts';
import { problemReplySchemas } from './problem-schema.ts';
import { TusStore } from './tus-store.ts';
import { bodyOf, expectSilence } from './unfinished-request.ts';
import { isOptionName, type RawFileOptions, readMends, readUploadOptions } from './upload-options.ts';

export interface TusPorts {
  readonly ingest: Pick<Ingest, 'resumable'>;
  readonly maxUploadBytes: number;
  readonly observe: Observe;
}

const PATH = '/api/v1/tus';
const ALGORITHMS = ['sha1', 'sha256'] as const;
const EXTENSIONS = 'creation,creation-with-upload,checksum,termination,expiration';

/** What the protocol answers with, as Thena tells it. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'upload_not_found',
  409: 'upload_offset_conflict',
  410: 'upload_not_found',
  412: 'tus_request_invalid',
  413: 'upload_too_large',
  423: 'upload_locked',
};

const FileParams = Type.Object({ id: Type.String({ description: 'The id of the file, and of its upload.' }) });

const PROTOCOL =
  'A file in several requests, by the protocol tus 1.0 (https://tus.io/protocols/resumable-upload), which has clients for most languages.';

/** Resumable uploads. The protocol is the library's; who may do what, the bytes and the upload are Thena's. */
export function tusRoutes(ports: TusPorts): FastifyPluginAsyncTypebox {
  const { resumable } = ports.ingest;
  const locker = new MemoryLocker();

  /** What the path names, where the caller may reach it: a file that is not whole, or the upload it has become. */
  async function found(request: FastifyRequest): Promise<Target> {
    const { id: rawId } = request.params as { id: string };
    const id = parseUploadId(rawId);
    const file = id && (await resumable.files.find(id));
    if (!file) return { file: null, ...(await request.scope.upload(rawId)) };
    try {
      return { file, grant: await request.scope.customerForUpload(file.customerId), upload: null };
    } catch (cause) {
      throw new Problem('upload_not_found', `There is no upload '${rawId}'.`, {}, { cause });
    }
  }

  /** The file to be made, by the request's metadata. */
  async function described(
    request: FastifyRequest,
  ): Promise<{ grant: Grant; begin: (length: number) => ResumableFile }> {
    const metadata = readMetadata(request.headers['upload-metadata']);
    const { customer_id: customerId, filename, filetype: _, ...rest } = metadata;
    const raw: Record<string, string> = {};
    for (const [name, value] of Object.entries(rest)) {
      if (isOptionName(name)) raw[name] = value ?? '';
    }
    const options = readUploadOptions(raw as RawFileOptions);
    const mends = readMends(raw as RawFileOptions);
    const grant = await request.scope.customerForUpload(customerId);
    const id = newUploadId();
    const createdAt = new Date().toISOString();
    const about = { id, filename: filename?.slice(0, 255) || null, options, mends, metadata, createdAt, ...grant };
    return { grant, begin: (length) => ({ ...about, length }) };
  }

  async function run(request: FastifyRequest, reply: FastifyReply, target: Target): Promise<FastifyReply> {
    const { begin, ...reached } = target;
    const checksum = readChecksum(request.headers['upload-checksum']);
    const none = (): never => {
      throw new Error('only a POST begins a file');
    };
    const { files, resumeMs } = resumable;
    const store = new TusStore({ ...reached, files, resumeMs, checksum, begin: begin ?? none });
    let failure: unknown = null;
    const server = new Server({
      path: PATH,
      datastore: store,
      locker,
      relativeLocation: true,
      maxSize: ports.maxUploadBytes,
      allowedOrigins: () => false,
      disableTerminationForFinishedUploads: true,
      namingFunction: () => begin?.(0).id ?? none(),
      onUploadFinish: async (_, { id }) => {
        const whole = await files.find(id as ResumableFile['id']);
        // It takes as long as an upload at once does, and nothing is said meanwhile.
        expectSilence(request.raw);
        if (whole) await resumable.finish(target.grant, whole);
        return {};
      },
      onResponseError: (_, error) => {
        failure = error;
        return undefined;
      },
    });
    const response = await server.handleWeb(webRequest(request));
    if (response.status >= 400) throw refusal(failure, response.status, await response.text());
    for (const [name, value] of response.headers) {
      if (!name.startsWith('access-control-')) reply.header(name, value);
    }
    return reply.code(response.status).send(null);
  }

  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.addHook('onSend', async (_request, reply) => {
      reply.header('tus-resumable', '1.0.0');
    });
    app.addHook('onReady', async () => {
      for (const file of await resumable.whole()) {
        void resumable
          .finish(grantToFinish(file), file)
          .catch((error: Error) => ports.observe({ kind: 'background_failed', task: 'resumable uploads', error }));
      }
    });

    app.options(PATH, { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
      reply.headers({ 'tus-version': '1.0.0', 'tus-extension': EXTENSIONS, 'tus-max-size': ports.maxUploadBytes });
      return reply.header('tus-checksum-algorithm', ALGORITHMS.join(',')).code(204).send(null);
    });

    app.post(
      PATH,
      {
        config: { access: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary: 'Begin a resumable upload (tus)',
          description: `${PROTOCOL} \`Upload-Metadata\` holds \`customer_id\`, and, where wanted, \`filename\` and the options of an upload.`,
          operationId: 'beginResumableUpload',
          response: {
            201: Type.Null({ description: '`Location` is the address of the file.' }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => run(request, reply, { ...(await described(request)), file: null, upload: null }),
    );

    const statuses = { HEAD: 200, PATCH: 204, DELETE: 204 } as const;
    const summaries = {
      HEAD: 'See how much of a resumable upload has come (tus)',
      PATCH: 'Send the next bytes of a resumable upload (tus)',
      DELETE: 'Give a resumable upload up (tus)',
    } as const;
    for (const method of ['HEAD', 'PATCH', 'DELETE'] as const) {
      app.route({
        method,
        url: `${PATH}/:id`,
        config: { access: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary: summaries[method],
          description: `${PROTOCOL} With its last byte it is an upload of the same id.`,
          operationId: `${method.toLowerCase()}ResumableUpload`,
          params: FileParams,
          response: { [statuses[method]]: Type.Null(), ...problemReplySchemas },
        },
        handler: async (request, reply) => {
          const target = await found(request);
          const isWhole = method === 'HEAD' && (await finishWhole(target));
          return run(request, reply, isWhole ? await found(request) : target);
        },
      });
    }
  };

  /** A file whose last answer was lost is never sent again: who asks how far it is, is told what became of it. */
  async function finishWhole({ file, grant }: Target): Promise<boolean> {
    if (!file || (await resumable.files.received(file.id)) < file.length) return false;
    await resumable.finish(grant, file);
    return true;
  }
}

interface Target {
  readonly grant: Grant;
  readonly file: ResumableFile | null;
  readonly upload: Upload | null;
  readonly begin?: (length: number) => ResumableFile;
}

function webRequest({ raw, headers, method, url }: FastifyRequest): Request {
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) given.set(name, String(value));
  const hasBody = method === 'PATCH' || method === 'POST';
  const body = hasBody ? { body: Readable.toWeb(bodyOf(raw)) as ReadableStream, duplex: 'half' as const } : {};
  return new Request(new URL(url, 'http://localhost'), { method, headers: given, ...body });
}

function readMetadata(header: unknown): Readonly<Record<string, string | null>> {
  if (header === undefined || header === '') return {};
  try {
    return Metadata.parse(String(header));
  } catch (cause) {
    throw new Problem('tus_request_invalid', 'Upload-Metadata is no list of names and Base64.', {}, { cause });
  }
}

function readChecksum(header: unknown): Checksum | null {
  if (header === undefined) return null;
  const [name = '', digest = ''] = String(header).trim().split(/\s+/);
  const algorithm = ALGORITHMS.find((candidate) => candidate === name.toLowerCase());
  if (algorithm) return { algorithm, digest: Buffer.from(digest, 'base64') };
  const detail = `Upload-Checksum names '${name.slice(0, 20)}'; it must name ${ALGORITHMS.join(' or ')}.`;
  throw new Problem('tus_request_invalid', detail);
}

function refusal(failure: unknown, status: number, text: string): unknown {
  if (failure instanceof Error) return failure;
  const code = CODES[status] ?? (status < 500 ? 'tus_request_invalid' : null);
  return code ? new Problem(code, text.trim().replace(/[^.]$/, '$&.')) : new Error(text);
}
