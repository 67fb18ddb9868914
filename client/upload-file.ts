import type { Upload } from '../src/api/uploads.ts';
import { isTransient, refuseUnreadable, retryDelayMs, sleep } from './back-off.ts';
import type { Connection } from './connection.ts';
import { sendResumable } from './send-resumable.ts';
import { GIVE_UP_AFTER_MS, type UploadFileOptions, type UploadSource } from './upload-file-options.ts';

const RESUMABLE_FROM_BYTES = 8 * 2 ** 20;

/** @returns the upload once the server has acknowledged it: it will end as rows, or as a failure with a reason */
export async function uploadFile(
  connection: Connection,
  customerId: string,
  source: UploadSource,
  given: UploadFileOptions = {},
): Promise<Upload> {
  const filename = given.filename ?? (source instanceof File ? source.name : undefined);
  if (!(source instanceof Blob)) return await sendStream(connection, customerId, source, { ...given, filename });
  const resumable = given.resume !== undefined || (given.resumable ?? source.size > RESUMABLE_FROM_BYTES);
  if (!resumable) return await sendBlob(connection, customerId, source, { ...given, filename });
  return await sendResumable(connection, customerId, source, { ...given, filename });
}

/** In one request. The idempotency key makes it safe to repeat the request if the response is lost. */
async function sendBlob(
  connection: Connection,
  customerId: string,
  blob: Blob,
  given: UploadFileOptions,
): Promise<Upload> {
  const { signal, onProgress, giveUpAfterMs = GIVE_UP_AFTER_MS } = given;
  const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': randomKey() };
  const progress = { total: blob.size, interruption: null };
  const giveUpAt = Date.now() + giveUpAfterMs;
  for (let failures = 1; ; failures += 1) {
    onProgress?.({ ...progress, sent: 0 });
    try {
      const upload = await put(connection, customerId, blob, headers, given);
      onProgress?.({ ...progress, sent: blob.size });
      return upload;
    } catch (error) {
      await refuseUnreadable(blob);
      const retryInMs = retryDelayMs(failures, error);
      if (!isTransient(error) || Date.now() + retryInMs > giveUpAt) throw error;
      onProgress?.({ ...progress, sent: 0, interruption: { error: error as Error, retryInMs } });
      await sleep(retryInMs, signal);
    }
  }
}

/** A stream can be sent only once. */
async function sendStream(
  connection: Connection,
  customerId: string,
  source: Exclude<UploadSource, Blob>,
  given: UploadFileOptions,
): Promise<Upload> {
  let sent = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      given.onProgress?.({ sent, total: null, interruption: null });
      controller.enqueue(chunk);
    },
  });
  const stream = source instanceof ReadableStream ? source : streamOf(source);
  const headers = { 'content-type': 'application/octet-stream' };
  return await put(connection, customerId, stream.pipeThrough(counted), headers, given);
}

/** Like `ReadableStream.from`, which not every browser has. */
function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await chunks.return?.(reason);
    },
  });
}

function put(
  connection: Connection,
  customerId: string,
  body: Blob | ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>>,
  { filename, options = {}, signal }: UploadFileOptions,
): Promise<Upload> {
  return connection.json(`/api/v1/customers/${encodeURIComponent(customerId)}/uploads`, {
    method: 'PUT',
    query: { ...options, filename },
    headers,
    body,
    signal,
  });
}

/** `crypto.randomUUID` is missing on pages that are not served over HTTPS. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
