import type * as api from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';
import { eventText, problemEvent } from './event-text.ts';
import { currentUploadJson } from './upload-json.ts';

/** How often the caller's key is checked without a change. */
const CHECK_MS = 1_000;
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
  ingest: Pick<Ingest, 'watchUpload' | 'waitUntilEnded' | 'progressOf'>,
  access: CustomerAccess,
  { id }: Upload,
  confirm: () => Promise<void>,
  stopping: AbortSignal,
): AsyncGenerator<string, void> {
  // Opened before the first look, so that no change in between is missed.
  const watch = ingest.watchUpload(access, id);
  let isDue = true;
  let sent = '';
  let sentAt = performance.now();
  try {
    while (!stopping.aborted) {
      await confirm();
      const event = isDue ? await currentEvent(ingest, access, id) : null;
      const text = event ? eventText(event) : sent;
      if (text !== sent) {
        yield text;
        if (event?.event === 'end') return;
        sent = text;
        sentAt = performance.now();
      } else if (performance.now() - sentAt > HEARTBEAT_MS) {
        yield ':\n\n';
        sentAt = performance.now();
      }
      isDue = (await watch.next(CHECK_MS, stopping)).length > 0;
    }
  } catch (error) {
    const last = problemEvent(error);
    if (last !== null) yield last;
  } finally {
    watch.close();
  }
}

/** @throws Problem upload_not_found; the reason, if it was refused lately */
async function currentEvent(
  ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf'>,
  access: CustomerAccess,
  id: UploadId,
): Promise<api.UploadEvent> {
  const upload = await ingest.waitUntilEnded(access, id, 0);
  return { event: upload.finishedAt === null ? 'progress' : 'end', data: await currentUploadJson(ingest, upload) };
}
