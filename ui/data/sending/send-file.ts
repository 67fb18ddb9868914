import { isProblem } from '../../../client/thena-problem.ts';
import type { UploadProgress } from '../../../client/upload-file-options.ts';
import type { FileOptions } from '../../../src/api/upload-options.ts';
import type { Upload } from '../../../src/api/uploads.ts';
import { client } from '../client.ts';
import { endsSession, untilSession } from '../session-end.ts';
import { withTabLock } from '../tab-lock.ts';
import { forgetUnfinished, rememberUnfinished, sendingLock, unfinishedOf } from './unfinished-files.ts';

/**
 * Sends a file. Continues where it was if the same file was interrupted before, also in another tab or before a reload, and goes on
 * after the network, the server or the session were gone for however long.
 *
 * @returns the upload, once the server has all bytes
 * @throws ThenaProblem if the server refuses the file; the reason of the signal, and then the upload is cancelled
 */
export async function sendFile(
  customerId: string,
  file: File,
  options: FileOptions,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<Upload> {
  let resume = unfinishedOf(customerId, file)?.uploadId;
  const ended = Promise.withResolvers<void>();
  /** Other tabs see that the file is being sent. */
  const hold = (uploadId: string): void =>
    void withTabLock(sendingLock(uploadId), signal, () => ended.promise).catch(() => {});
  const onCreated = (uploadId: string): void => {
    resume = uploadId;
    const { name: filename, size: bytes, lastModified } = file;
    rememberUnfinished({ uploadId, customerId, filename, bytes, lastModified });
    hold(uploadId);
  };
  const given = { options, onProgress, onCreated, signal, giveUpAfterMs: Number.POSITIVE_INFINITY };
  if (resume) hold(resume);
  try {
    return await sendToEnd();
  } finally {
    ended.resolve();
  }

  async function sendToEnd(): Promise<Upload> {
    for (;;) {
      try {
        const upload = await client.upload(customerId, file, { ...given, resume });
        if (resume) forgetUnfinished(resume);
        return upload;
      } catch (error) {
        if (!signal.aborted && endsSession(error)) {
          onProgress({ sent: 0, total: file.size, interruption: { error: error as Error, retryInMs: 0 } });
          await untilSession(signal);
          continue;
        }
        if (resume) forgetUnfinished(resume);
        if (resume && isProblem(error, 'upload_not_found')) {
          // It has expired, or was cancelled elsewhere.
          resume = undefined;
          continue;
        }
        if (resume && signal.aborted) await client.cancelOrUndo(resume);
        throw error;
      }
    }
  }
}
