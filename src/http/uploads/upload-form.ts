import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../../errors.ts';
import { stalled } from '../../ingest/receive/minimum-rate.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { isOptionName, OPTION_NAMES, type RawFileOptions } from './upload-options.ts';

const MAX_FIELDS = OPTION_NAMES.length + 2;
/** Room for a declaration of 500 columns. The size of the file is limited by ingest, after decompression. */
const FORM_LIMITS = {
  fields: MAX_FIELDS,
  fieldSize: 128 * 1024,
  files: 2,
  parts: MAX_FIELDS + 2,
  fileSize: Number.POSITIVE_INFINITY,
};

/** What has been read of a form. */
export interface Form {
  readonly parts: AsyncIterableIterator<Multipart>;
  readonly request: FastifyRequest;
  readonly idleMs: number;
  options: RawFileOptions;
  access: CustomerAccess | null;
}

/** @param query options from the URL, which may be completed by fields of the form */
export function openForm(request: FastifyRequest, query: RawFileOptions, idleMs: number): Form {
  const parts = request.parts({ limits: FORM_LIMITS });
  return { parts, request, idleMs, options: query, access: null };
}

/**
 * Reads fields up to the next file.
 *
 * @returns the file; undefined at the end of the form
 * @throws Problem bad_request, upload_too_slow, upload_option_invalid, file_missing, and those of `Scope.customerForUpload`
 */
export async function readFields(form: Form): Promise<MultipartFile | undefined> {
  for (;;) {
    const part = await nextPart(form.parts, form.idleMs);
    if (!part) return undefined;
    if (part.type === 'field') await takeField(form, part);
    else if (part.fieldname === 'file') return part;
    else throw unknownField(nameOf(part));
  }
}

/** @throws Problem customer_id_missing */
export function requireCustomer({ access }: Form): CustomerAccess {
  if (access) return access;
  throw new Problem('customer_id_missing', 'The form has no field `customer_id`.');
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

/** Makes a problem of an error of the form parser. */
export function malformedForm(cause: unknown): Error {
  if (cause instanceof Problem) return cause;
  // Errors of the plugin have a status. Those of its parser are plain errors, which would be reported as internal errors.
  if (cause instanceof Error && 'statusCode' in cause) return cause;
  return new Problem('bad_request', `Malformed multipart form: ${(cause as Error).message}.`, {}, { cause });
}

async function takeField(form: Form, part: Extract<Multipart, { type: 'field' }>): Promise<void> {
  const name = nameOf(part);
  if (part.valueTruncated || part.fieldnameTruncated) {
    if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
    throw new Problem('bad_request', `The form field '${name}' is too long.`);
  }
  if (name === 'customer_id') return takeCustomerId(form, part.value);
  if (name === 'file') throw new Problem('file_missing', 'The form field `file` is text: it has no file name.');
  if (!isOptionName(name)) throw unknownField(name);
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

/** @throws Problem bad_request if the part has no name, whatever the type of the plugin says */
function nameOf({ fieldname }: { readonly fieldname: string | undefined }): string {
  if (fieldname) return fieldname;
  throw new Problem('bad_request', 'A part of the form has no name.');
}

function unknownField(name: string): Problem {
  const known = ['file', 'customer_id', ...OPTION_NAMES].join(', ');
  return new Problem('bad_request', `Unknown form field '${name.slice(0, 80)}'. Allowed fields: ${known}.`);
}
