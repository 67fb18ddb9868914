import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { stalled } from '../../ingest/receive/minimum-rate.ts';
import type { Reception } from '../../ingest/receive/reception.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId } from '../../model/ids.ts';
import { withoutBody } from '../requests/body-schema.ts';
import { idempotencyKey } from '../requests/idempotency-key.ts';
import { expectSilence, interruption, wasInterrupted } from '../requests/unfinished-request.ts';
import {
  FileOptionsQuery,
  isOptionName,
  OPTION_NAMES,
  type RawFileOptions,
  readCorrects,
  readUploadOptions,
} from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadHeaders, uploadReplySchemas } from './upload-reply.ts';

export interface EventDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'open' | 'waitUntilEnded' | 'progressOf'>;
  /** How long the next part of a form may be waited for. */
  readonly idleMs: number;
}

/** Fields are few and short; the file's size is counted by ingest, after decompression. */
const FORM_LIMITS = { fields: 20, fieldSize: 4096, files: 2, parts: 22, fileSize: Number.POSITIVE_INFINITY };

const FormSchema = Type.Object(
  {
    file: Type.String({ format: 'binary', description: 'The CSV file, also compressed with gzip or zstd.' }),
    customer_id: Type.Union([Type.Integer(), Type.String()], {
      description: 'Before or after the file. Sent before it, loading runs beside receiving.',
      examples: ['1000'],
    }),
    ...FileOptionsQuery.properties,
  },
  { description: 'Options stand before the file.', additionalProperties: false },
);

export function eventRoutes(deps: EventDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/event/',
      {
        config: { right: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary: 'Upload a CSV file as a form',
          operationId: 'uploadForm',
          consumes: ['multipart/form-data'],
          headers: uploadHeaders(),
          querystring: Type.Object(FileOptionsQuery.properties, { additionalProperties: false }),
          body: FormSchema,
          response: uploadReplySchemas,
        },
      },
      async (request, reply) => {
        if (!request.isMultipart()) {
          throw new Problem('unsupported_media_type', 'The body is no multipart form (multipart/form-data).');
        }
        return replyWithUpload(deps, await receiveForm(deps, request, request.query), request, reply);
      },
    );
  };
}

/** What has come of the form so far. */
interface Form {
  readonly expectedBytes: number | null;
  readonly idempotencyKey: string | null;
  readonly caller: CustomerId | null;
  options: RawFileOptions;
  access: CustomerAccess | null;
  reception: Reception | null;
}

/** The way of a form: each part in its turn, then the acknowledgement. Whatever fails, nothing of it stays. */
async function receiveForm(
  { ingest, idleMs }: EventDeps,
  request: FastifyRequest,
  query: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  const key = idempotencyKey(request.headers['idempotency-key']);
  const expectedBytes = Number(request.headers['content-length'] ?? 0);
  const { caller } = request.scope;
  const form: Form = { expectedBytes, idempotencyKey: key, caller, options: query, access: null, reception: null };
  try {
    expectSilence(request.raw);
    const parts = request.parts({ limits: FORM_LIMITS });
    for (let part = await nextPart(parts, idleMs); part; part = await nextPart(parts, idleMs)) {
      if (part.type === 'file') await takeFile(ingest, form, part);
      else await takeField(form, part, request);
    }
    const { reception, access } = form;
    if (!reception) throw new Problem('file_missing', 'The form has no field `file` that holds a file.');
    if (!access) throw new Problem('customer_id_missing', 'The form has no field `customer_id`.');
    return { access, upload: await reception.acknowledge() };
  } catch (error) {
    const reason = wasInterrupted(request.raw) ? interruption(error) : error;
    await form.reception?.abandon(reason);
    throw reason;
  }
}

/** @throws Problem bad_request where the form itself is broken; upload_too_slow where the next part does not come */
async function nextPart(parts: AsyncIterableIterator<Multipart>, idleMs: number): Promise<Multipart | undefined> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  // What stands beside the file is short: all of it has to come in that time.
  const timer = setTimeout(() => reject(stalled(idleMs)), idleMs);
  try {
    const { value, done } = await Promise.race([parts.next(), late]);
    return done ? undefined : value;
  } catch (error) {
    throw brokenForm(error);
  } finally {
    clearTimeout(timer);
  }
}

function brokenForm(cause: unknown): Error {
  if (cause instanceof Problem) return cause;
  // The plugin's own refusals carry a status; the parser's are plain errors, which would pass for Thena's.
  if (cause instanceof Error && 'statusCode' in cause) return cause;
  return new Problem('bad_request', `The multipart form is broken: ${(cause as Error).message}.`, {}, { cause });
}

async function takeField(
  form: Form,
  part: Extract<Multipart, { type: 'field' }>,
  request: FastifyRequest,
): Promise<void> {
  const name = part.fieldname;
  if (part.valueTruncated || part.fieldnameTruncated) {
    if (name === 'file')
      throw new Problem('file_missing', 'The field `file` holds text, not a file: it has no file name.');
    throw new Problem('bad_request', `The form field '${name}' is too long.`);
  }
  if (name === 'customer_id') return takeCustomerId(form, part.value, request);
  if (name === 'file')
    throw new Problem('file_missing', 'The field `file` holds text, not a file: it has no file name.');
  if (!isOptionName(name)) throw unknownField(name);
  if (form.reception) throw new Problem('bad_request', `The form field '${name}' must stand before the file.`);
  if (form.options[name] !== undefined)
    throw new Problem('upload_option_invalid', `The option ${name} is given twice.`);
  form.options = { ...form.options, [name]: String(part.value) };
}

async function takeCustomerId(form: Form, value: unknown, request: FastifyRequest): Promise<void> {
  const access = await request.scope.customerForUpload(value);
  if (!form.access) {
    form.access = access;
    await form.reception?.bind(access);
  } else if (access.customerId !== form.access.customerId) {
    throw new Problem('bad_request', 'The form names two different customers.');
  }
}

async function takeFile(ingest: EventDeps['ingest'], form: Form, part: MultipartFile): Promise<void> {
  if (part.fieldname !== 'file') throw unknownField(part.fieldname);
  if (form.reception) throw new Problem('too_many_files', 'The form has a second file.');
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
    throw broken === undefined ? error : brokenForm(broken);
  }
}

function unknownField(name: string): Problem {
  const known = ['file', 'customer_id', ...OPTION_NAMES].join(', ');
  return new Problem('bad_request', `The form field '${name.slice(0, 80)}' is not known here. There are: ${known}.`);
}
