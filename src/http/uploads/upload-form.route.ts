import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { FileOptions, UploadForm, UploadHeaders } from '../../api/upload-options.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { stalled } from '../../ingest/receive/minimum-rate.ts';
import type { Reception } from '../../ingest/receive/reception.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId } from '../../model/ids.ts';
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
  readonly ingest: Pick<Ingest, 'open' | 'waitUntilEnded' | 'progressOf'>;
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
  readonly expectedBytes: number | null;
  readonly idempotencyKey: string | null;
  readonly caller: CustomerId | null;
  options: RawFileOptions;
  access: CustomerAccess | null;
  reception: Reception | null;
}

/** Reads the parts of a form one by one, then acknowledges the upload. If anything fails, nothing of the file is kept. */
async function receiveForm(
  { ingest, idleMs }: UploadFormDeps,
  request: FastifyRequest,
  query: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  const key = idempotencyKey(request.headers['idempotency-key']);
  const expectedBytes = Number(request.headers['content-length'] ?? 0);
  const { caller } = request.scope;
  const form: Form = { expectedBytes, idempotencyKey: key, caller, options: query, access: null, reception: null };
  try {
    disableIdleTimeout(request.raw);
    const parts = request.parts({ limits: FORM_LIMITS });
    for (let part = await nextPart(parts, idleMs); part; part = await nextPart(parts, idleMs)) {
      if (part.type === 'file') await takeFile(ingest, form, part);
      else await takeField(form, part, request);
    }
    const { reception, access } = form;
    if (!reception) throw new Problem('file_missing', 'The form has no file in the field `file`.');
    if (!access) throw new Problem('customer_id_missing', 'The form has no field `customer_id`.');
    return { access, upload: await reception.acknowledge() };
  } catch (error) {
    const reason = wasInterrupted(request.raw) ? interruption(error) : error;
    await form.reception?.abandon(reason);
    throw reason;
  }
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

async function takeField(
  form: Form,
  part: Extract<Multipart, { type: 'field' }>,
  request: FastifyRequest,
): Promise<void> {
  const name = part.fieldname;
  if (part.valueTruncated || part.fieldnameTruncated) {
    if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
    throw new Problem('bad_request', `The form field '${name}' is too long.`);
  }
  if (name === 'customer_id') return takeCustomerId(form, part.value, request);
  if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
  if (!isOptionName(name)) throw unknownField(name);
  if (form.reception) throw new Problem('bad_request', `The form field '${name}' must come before the file.`);
  if (form.options[name] !== undefined)
    throw new Problem('upload_option_invalid', `The option ${name} was given twice.`);
  form.options = { ...form.options, [name]: String(part.value) };
}

async function takeCustomerId(form: Form, value: unknown, request: FastifyRequest): Promise<void> {
  const access = await request.scope.customerForUpload(value);
  if (!form.access) {
    form.access = access;
    await form.reception?.bind(access);
  } else if (access.customerId !== form.access.customerId) {
    throw new Problem('bad_request', 'The form has two different values of customer_id.');
  }
}

async function takeFile(ingest: UploadFormDeps['ingest'], form: Form, part: MultipartFile): Promise<void> {
  if (part.fieldname !== 'file') throw unknownField(part.fieldname);
  if (form.reception) throw new Problem('too_many_files', 'The form has more than one file.');
  const reception = ingest.open({
    filename: part.filename || null,
    contentEncoding: null,
    expectedBytes: form.expectedBytes,
    options: readUploadOptions(form.options),
    corrects: readCorrects(form.options),
    idempotencyKey: form.idempotencyKey,
    caller: form.caller,
  });
  form.reception = reception;
  if (form.access) await reception.bind(form.access);
  let broken: unknown;
  part.file.once('error', (error) => {
    broken = error;
  });
  try {
    await reception.write(part.file);
  } catch (error) {
    throw broken === undefined ? error : malformedForm(broken);
  }
}

function unknownField(name: string): Problem {
  const known = ['file', 'customer_id', ...OPTION_NAMES].join(', ');
  return new Problem('bad_request', `Unknown form field '${name.slice(0, 80)}'. Allowed fields: ${known}.`);
}
