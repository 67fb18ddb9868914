import type * as api from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { problemJson } from '../problems/problem-json.ts';
import { currentUploadJson } from './upload-json.ts';

/** How often the upload is checked for changes. */
const POLL_MS = 500;
/** A comment is sent after this long without an event, so that no proxy takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/**
 * The progress of an upload as server-sent events (HTML Standard, section 9.2): `progress` whenever it has changed, and last
 * `end`, or `problem` if it was refused before it was acknowledged. The client pulls them, so that a slow client misses
 * states but delays nothing.
 *
 * @param confirm throws a problem once the caller may no longer follow the upload
 */
export async function* uploadEvents(
  ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf'>,
  access: CustomerAccess,
  { id }: Upload,
  confirm: () => Promise<void>,
  stopping: AbortSignal,
): AsyncGenerator<string, void> {
  let sent = '';
  let sentAt = performance.now();
  let waitMs = 0;
  while (!stopping.aborted) {
    let upload: Upload;
    try {
      await confirm();
      upload = await ingest.waitUntilEnded(access, id, waitMs);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      yield eventText({ event: 'problem', data: problemJson(error) });
      return;
    }
    const ended = upload.finishedAt !== null;
    const data = await currentUploadJson(ingest, upload);
    const event = eventText({ event: ended ? 'end' : 'progress', data });
    if (event !== sent) {
      yield event;
      if (ended) return;
      sent = event;
      sentAt = performance.now();
    } else if (performance.now() - sentAt > HEARTBEAT_MS) {
      yield ':\n\n';
      sentAt = performance.now();
    }
    waitMs = POLL_MS;
  }
}

function eventText({ event, data }: api.UploadEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
