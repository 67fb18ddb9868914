import { type DetailedError, Upload } from 'tus-js-client';
import { RequestFailed } from '../api.ts';
import { setSessionEnded } from '../session-end.ts';

/** Delays between attempts to continue; the last one repeats until the server answers. */
const RETRY_MS = [0, 500, 1_000, 2_000, 3_000, ...Array<number>(10_000).fill(5_000)];
/** Statuses after which the same request may succeed; 401, once there is a new session. */
const TEMPORARY = [401, 408, 409, 423, 429];

export interface SendEvents {
  /** @param sent bytes that left this computer */
  onProgress(sent: number): void;
  onInterrupted(): void;
}

/**
 * Sends a file by the tus protocol. Continues where it was if the same file was interrupted before, also in another tab or before a
 * reload, and goes on after the network or the server were gone.
 *
 * @returns the ID of the upload, once the server has all bytes
 * @throws RequestFailed if the server refuses it
 */
export function sendFile(
  customerId: string,
  file: File,
  options: Readonly<Record<string, string>>,
  { onProgress, onInterrupted }: SendEvents,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: '/api/v1/tus',
      metadata: { ...options, customer_id: customerId, filename: file.name },
      retryDelays: RETRY_MS,
      removeFingerprintOnSuccess: true,
      fingerprint: async () => ['thena', customerId, file.name, file.size, file.lastModified].join('/'),
      onProgress: (sent) => onProgress(sent),
      onShouldRetry: (error) => {
        const status = (error as DetailedError).originalResponse?.getStatus() ?? 0;
        const again = status < 400 || status >= 500 || TEMPORARY.includes(status);
        if (status === 401) setSessionEnded(true);
        if (again) onInterrupted();
        return again;
      },
      onError: (error) => reject(failureOf(error)),
      onSuccess: () => resolve(upload.url?.split('/').at(-1) ?? ''),
    });
    signal.addEventListener('abort', () => {
      // Ends the upload on the server, too.
      upload.abort(true).then(() => reject(signal.reason), reject);
    });
    upload
      .findPreviousUploads()
      .then(([previous]) => {
        if (previous) upload.resumeFromPreviousUpload(previous);
        if (!signal.aborted) upload.start();
      })
      .catch(reject);
  });
}

function failureOf(error: Error | DetailedError): RequestFailed {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  if (response?.getHeader('content-type')?.startsWith('application/problem+json')) {
    return new RequestFailed(JSON.parse(response.getBody()), error);
  }
  const problem = {
    title: 'File not sent',
    detail: response ? `The server answered with the status ${response.getStatus()}.` : error.message,
    hint: 'Choose the file again.',
  };
  return new RequestFailed(problem, error);
}
