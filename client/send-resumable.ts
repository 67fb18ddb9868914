import type { Upload } from '../src/api/uploads.ts';
import { isTransient, refuseUnreadable, retryDelayMs, sleep } from './back-off.ts';
import type { Connection } from './connection.ts';
import { isProblem, UnexpectedResponse } from './thena-problem.ts';
import { GIVE_UP_AFTER_MS, type UploadFileOptions } from './upload-file-options.ts';

const TUS = { 'tus-resumable': '1.0.0' };
/** Bytes per request. Each is on disk when it is answered, and progress is known after each: the size follows the connection. */
const LEAST_CHUNK = 256 * 2 ** 10;
const MOST_CHUNK = 32 * 2 ** 20;
/** The server is still working on an earlier request for the file. */
const LOCKED = 423;
const FAST_MS = 300;
const SLOW_MS = 1500;

/**
 * Sends a file by the tus protocol, and continues where it was interrupted: after a lost connection, a restart of the server, or
 * in another process by `resume`.
 *
 * @returns the upload, which the server has acknowledged
 * @throws ThenaProblem if the server refuses the file; RangeError if `resume` is an upload of a shorter file; the last error if there was
 *   no progress for too long
 */
export async function sendResumable(
  connection: Connection,
  customerId: string,
  blob: Blob,
  given: UploadFileOptions,
): Promise<Upload> {
  const { signal, onProgress, giveUpAfterMs = GIVE_UP_AFTER_MS } = given;
  const total = blob.size;
  let id = given.resume ?? null;
  /** Null: to be asked. */
  let offset: number | null = null;
  let sent = 0;
  let chunkBytes = LEAST_CHUNK;
  let progressAt = Date.now();

  for (let failures = 0; ; ) {
    try {
      if (id === null) {
        id = await create(connection, customerId, blob, given);
        given.onCreated?.(id);
        offset = 0;
      }
      offset ??= await receivedBytes(connection, id, blob, signal);
      onProgress?.({ sent: offset, total, interruption: null });
      if (offset === total) return await connection.json<Upload>(`/api/v1/uploads/${id}`, { signal });
      const startedAt = performance.now();
      // The last byte is answered once the whole file is read, which takes long: it is sent alone, after progress was reported.
      const end = offset === total - 1 ? total : Math.min(total - 1, offset + chunkBytes);
      sent = await append(connection, id, blob.slice(offset, end), offset, signal);
      offset = sent;
      failures = 0;
      progressAt = Date.now();
      const tookMs = performance.now() - startedAt;
      if (tookMs < FAST_MS) chunkBytes = Math.min(MOST_CHUNK, chunkBytes * 2);
      else if (tookMs > SLOW_MS) chunkBytes = Math.max(LEAST_CHUNK, chunkBytes / 2);
    } catch (error) {
      await refuseUnreadable(blob);
      failures += 1;
      const retryInMs = retryDelayMs(failures, error);
      // The offset differs if the response to an earlier request was lost.
      if ((error as { readonly status?: number }).status === LOCKED) progressAt = Date.now();
      const mayRetry = isTransient(error) || isProblem(error, 'upload_offset_conflict');
      if (!mayRetry || Date.now() + retryInMs > progressAt + giveUpAfterMs) throw error;
      offset = null;
      chunkBytes = Math.max(LEAST_CHUNK, chunkBytes / 2);
      onProgress?.({ sent, total, interruption: { error: error as Error, retryInMs } });
      await sleep(retryInMs, signal);
    }
  }
}

async function create(
  connection: Connection,
  customerId: string,
  blob: Blob,
  { filename, options = {}, signal }: UploadFileOptions,
): Promise<string> {
  const metadata = Object.entries({ customer_id: customerId, filename, ...options })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${base64(String(value))}`);
  const headers = { ...TUS, 'upload-length': String(blob.size), 'upload-metadata': metadata.join(',') };
  const response = await connection.send('/api/v1/tus', { method: 'POST', headers, signal });
  const id = /\/([^/]+)$/.exec(response.headers.get('location') ?? '')?.[1];
  if (id === undefined) throw new UnexpectedResponse('The response has no Location header.', response.status);
  return id;
}

/** @throws RangeError if the file is shorter than what was received of it */
async function receivedBytes(
  connection: Connection,
  id: string,
  blob: Blob,
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    const { headers } = await connection.send(`/api/v1/tus/${id}`, { method: 'HEAD', headers: TUS, signal });
    if (Number(headers.get('upload-length')) === blob.size) return Number(headers.get('upload-offset'));
    throw new RangeError(`Upload ${id} is of a file with ${headers.get('upload-length')} bytes, not ${blob.size}.`);
  } catch (error) {
    if (!(error instanceof UnexpectedResponse)) throw error;
    // The response to HEAD has no body: this one says what is wrong, or that the upload was complete all along.
    const upload = await connection.json<Upload>(`/api/v1/uploads/${id}`, { signal });
    if (upload.status === 'receiving') throw error;
    return blob.size;
  }
}

async function append(
  connection: Connection,
  id: string,
  body: Blob,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const headers = { ...TUS, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' };
  const response = await connection.send(`/api/v1/tus/${id}`, { method: 'PATCH', headers, body, signal });
  return Number(response.headers.get('upload-offset'));
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
