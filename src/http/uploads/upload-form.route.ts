import type { MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { FileOptions, UploadForm, UploadHeaders } from '../../api/upload-options.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { disableIdleTimeout, interruption, wasInterrupted } from '../requests/request-body.ts';
import { FILE_PROBLEMS } from './file-problems.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { type Form, malformedForm, openForm, readFields, requireCustomer } from './upload-form.ts';
import { optionNamesOnly, type RawFileOptions, rawQuery, readCorrects, readOptions } from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadReplies } from './upload-reply.ts';

export interface UploadFormDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'receive' | 'waitUntilEnded' | 'progressOf'>;
  /** How long to wait for the next part of a form. */
  readonly idleMs: number;
}

/** `/event/`: the file is a part of a multipart form. */
export function uploadFormRoutes(deps: UploadFormDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/event/',
      {
        config: {
          right: 'upload',
          problems: [
            ...CUSTOMER_PROBLEMS,
            'customer_id_missing',
            ...FILE_PROBLEMS,
            'file_missing',
            'too_many_files',
            'unsupported_media_type',
            'idempotency_key_invalid',
            'idempotency_key_reused',
          ],
        },
        validatorCompiler: optionNamesOnly,
        schema: {
          tags: ['Uploads'],
          summary: 'Upload a CSV file as a form',
          operationId: 'uploadForm',
          consumes: ['multipart/form-data'],
          headers: UploadHeaders,
          querystring: FileOptions,
          body: UploadForm,
          response: uploadReplies,
        },
      },
      async (request, reply) => {
        if (!request.isMultipart()) {
          throw new Problem('unsupported_media_type', 'The body is not a multipart form (multipart/form-data).');
        }
        return replyWithUpload(deps, await receiveForm(deps, request, rawQuery(request)), request, reply);
      },
    );
  };
}

/** Reads the fields before the file, then the file, then the fields after it. If anything fails, nothing of the file is kept. */
async function receiveForm(
  { ingest, idleMs }: UploadFormDeps,
  request: FastifyRequest,
  query: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  disableIdleTimeout(request.raw);
  const form = openForm(request, query, idleMs);
  try {
    const file = await readFields(form);
    if (!file) throw new Problem('file_missing', 'The form has no file in the field `file`.');
    const upload = await receiveFile(ingest, form, file);
    return { access: requireCustomer(form), upload };
  } catch (failure) {
    throw causeOf(form, failure);
  }
}

function receiveFile(
  ingest: UploadFormDeps['ingest'],
  form: Form,
  { filename, file: bytes }: MultipartFile,
): Promise<Upload> {
  const { request, options, access } = form;
  let parserError: unknown;
  bytes.once('error', (error) => {
    parserError = error;
  });
  return ingest.receive(
    {
      filename: filename || null,
      contentEncoding: null,
      expectedBytes: Number(request.headers['content-length'] ?? 0),
      options: readOptions(options),
      corrects: readCorrects(options),
      idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
      caller: request.scope.caller,
    },
    {
      bytes,
      access,
      rest: async () => {
        if (await readFields(form)) throw new Problem('too_many_files', 'The form has more than one file.');
        const access = requireCustomer(form);
        return { access, options: readOptions(form.options), corrects: readCorrects(form.options) };
      },
      causeOf: (failure) => causeOf(form, parserError === undefined ? failure : malformedForm(parserError)),
    },
  );
}

function causeOf({ request }: Form, failure: unknown): unknown {
  return wasInterrupted(request.raw) ? interruption(failure) : failure;
}
