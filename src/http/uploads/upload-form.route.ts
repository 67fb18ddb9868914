import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { stalled } from '../../ingest/receive/minimum-rate.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
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
  readonly ingest: Pick<Ingest, 'receive' | 'waitUntilEnded' | 'progressOf'>;
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
  { ingest, idleMs }: EventDeps,
  request: FastifyRequest,
  query: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  expectSilence(request.raw);
  const parts = request.parts({ limits: FORM_LIMITS });
  const form: Form = { parts, request, idleMs, options: query, access: null, hasFile: false };
  try {
    const file = await readFields(form);
    if (!file) throw new Problem('file_missing', 'The form has no field `file` that holds a file.');
    const upload = await receiveFile(ingest, form, file);
    return { access: requireCustomer(form), upload };
  } catch (failure) {
    throw causeOf(form, failure);
  }
}

function receiveFile(
  ingest: EventDeps['ingest'],
  form: Form,
  { filename, file: bytes }: MultipartFile,
): Promise<Upload> {
  const { request, options, access } = form;
  form.hasFile = true;
  let broken: unknown;
  bytes.once('error', (error) => {
    broken = error;
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
        if (await readFields(form)) throw new Problem('too_many_files', 'The form has a second file.');
        return requireCustomer(form);
      },
      causeOf: (failure) => causeOf(form, broken === undefined ? failure : brokenForm(broken)),
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

async function takeField(form: Form, part: Extract<Multipart, { type: 'field' }>): Promise<void> {
  const name = part.fieldname;
  if (part.valueTruncated || part.fieldnameTruncated) {
    if (name === 'file')
      throw new Problem('file_missing', 'The field `file` holds text, not a file: it has no file name.');
    throw new Problem('bad_request', `The form field '${name}' is too long.`);
  }
  if (name === 'customer_id') return takeCustomerId(form, part.value);
  if (name === 'file')
    throw new Problem('file_missing', 'The field `file` holds text, not a file: it has no file name.');
  if (!isOptionName(name)) throw unknownField(name);
  if (form.hasFile) throw new Problem('bad_request', `The form field '${name}' must stand before the file.`);
  if (form.options[name] !== undefined)
    throw new Problem('upload_option_invalid', `The option ${name} is given twice.`);
  form.options = { ...form.options, [name]: String(part.value) };
}

async function takeCustomerId(form: Form, value: unknown): Promise<void> {
  const access = await form.request.scope.customerForUpload(value);
  form.access ??= access;
  if (access.customerId === form.access.customerId) return;
  throw new Problem('bad_request', 'The form names two different customers.');
}

function unknownField(name: string): Problem {
  const known = ['file', 'customer_id', ...OPTION_NAMES].join(', ');
  return new Problem('bad_request', `The form field '${name.slice(0, 80)}' is not known here. There are: ${known}.`);
}
