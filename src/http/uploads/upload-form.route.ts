import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { FileOptions, UploadForm, UploadHeaders } from '../../api/upload-options.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { stalled } from '../../ingest/receive/minimum-rate.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { disableIdleTimeout, interruption, wasInterrupted } from '../requests/request-body.ts';
import { FILE_PROBLEMS } from './file-problems.ts';
import { idempotencyKey } from './idempotency-key.ts';
import {
  isOptionName,
  OPTION_NAMES,
  optionNamesOnly,
  type RawFileOptions,
  rawQuery,
  readCorrects,
  readUploadOptions,
} from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadReplies } from './upload-reply.ts';

export interface UploadFormDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'receive' | 'waitUntilEnded' | 'progressOf'>;
  /** How long to wait for the next part of a form. */
  readonly idleMs: number;
}

/** Fields are few and short. The size of the file is limited by ingest, after decompression. */
const FORM_LIMITS = { fields: 20, fieldSize: 4096, files: 2, parts: 22, fileSize: Number.POSITIVE_INFINITY };

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

/** What has been read of a form. */
interface Form {
  readonly parts: AsyncIterableIterator<Multipart>;
  readonly request: FastifyRequest;
  readonly idleMs: number;
  options: RawFileOptions;
  access: CustomerAccess | null;
  hasFile: boolean;
}

/** Reads the fields before the file, then the file, then the fields after it. If anything fails, nothing of the file is kept. */
async function receiveForm(
  { ingest, idleMs }: UploadFormDeps,
  request: FastifyRequest,
  query: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  disableIdleTimeout(request.raw);
  const parts = request.parts({ limits: FORM_LIMITS });
  const form: Form = { parts, request, idleMs, options: query, access: null, hasFile: false };
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
  form.hasFile = true;
  let parserError: unknown;
  bytes.once('error', (error) => {
    parserError = error;
  });
  return ingest.receive(
    {
      filename: filename || null,
      contentEncoding: null,
      expectedBytes: Number(request.headers['content-length'] ?? 0),
      options: readUploadOptions(options),
      corrects: readCorrects(options),
      idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
      caller: request.scope.caller,
    },
    {
      bytes,
      access,
      rest: async () => {
        if (await readFields(form)) throw new Problem('too_many_files', 'The form has more than one file.');
        return requireCustomer(form);
      },
      causeOf: (failure) => causeOf(form, parserError === undefined ? failure : malformedForm(parserError)),
    },
  );
}

/** Reads fields up to the next file. @returns the file; undefined at the end of the form */
async function readFields(form: Form): Promise<MultipartFile | undefined> {
  for (;;) {
    const part = await nextPart(form.parts, form.idleMs);
    if (!part) return undefined;
    if (part.type === 'field') await takeField(form, part);
    else if (part.fieldname === 'file') return part;
    else throw unknownField(part.fieldname);
  }
}

function requireCustomer({ access }: Form): CustomerAccess {
  if (access) return access;
  throw new Problem('customer_id_missing', 'The form has no field `customer_id`.');
}

function causeOf({ request }: Form, failure: unknown): unknown {
  return wasInterrupted(request.raw) ? interruption(failure) : failure;
}

/** @throws Problem bad_request if the form is malformed; upload_too_slow if the next part does not arrive in time */
async function nextPart(parts: AsyncIterableIterator<Multipart>, idleMs: number): Promise<Multipart | undefined> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  // The parts other than the file are short: each must arrive whole in that time.
  const timer = setTimeout(() => reject(stalled(idleMs)), idleMs);
  try {
    const { value, done } = await Promise.race([parts.next(), late]);
    return done ? undefined : value;
  } catch (error) {
    throw malformedForm(error);
  } finally {
    clearTimeout(timer);
  }
}

function malformedForm(cause: unknown): Error {
  if (cause instanceof Problem) return cause;
  // Errors of the plugin have a status. Those of its parser are plain errors, which would be reported as internal errors.
  if (cause instanceof Error && 'statusCode' in cause) return cause;
  return new Problem('bad_request', `Malformed multipart form: ${(cause as Error).message}.`, {}, { cause });
}

async function takeField(form: Form, part: Extract<Multipart, { type: 'field' }>): Promise<void> {
  const name = part.fieldname;
  if (part.valueTruncated || part.fieldnameTruncated) {
    if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
    throw new Problem('bad_request', `The form field '${name}' is too long.`);
  }
  if (name === 'customer_id') return takeCustomerId(form, part.value);
  if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
  if (!isOptionName(name)) throw unknownField(name);
  if (form.hasFile) throw new Problem('bad_request', `The form field '${name}' must come before the file.`);
  if (form.options[name] !== undefined)
    throw new Problem('upload_option_invalid', `The option ${name} was given twice.`);
  form.options = { ...form.options, [name]: String(part.value) };
}

async function takeCustomerId(form: Form, value: unknown): Promise<void> {
  const access = await form.request.scope.customerForUpload(value);
  form.access ??= access;
  if (access.customerId === form.access.customerId) return;
  throw new Problem('bad_request', 'The form has two different values of customer_id.');
}

function unknownField(name: string): Problem {
  const known = ['file', 'customer_id', ...OPTION_NAMES].join(', ');
  return new Problem('bad_request', `Unknown form field '${name.slice(0, 80)}'. Allowed fields: ${known}.`);
}
