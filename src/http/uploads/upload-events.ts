import type { Upload } from '../../catalog/upload.ts';
import { Problem, problemDocument } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { uploadJson } from './upload-json.ts';

/** How often an upload is looked at. */
const LOOK_MS = 500;
/** After so long without news a comment is sent, so that nobody between takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/**
 * An upload's way to its end as server-sent events (the HTML standard, section 9.2): `progress` whenever it has changed, then
 * `end`, each with the upload; or `gone` with the problem that its sender was told, where it was refused before it was acknowledged. It is pulled by
 * who reads, so that a slow one holds nothing up.
 */
export async function* uploadEvents(
  ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf'>,
  access: CustomerAccess,
  { id }: Upload,
  stopping: AbortSignal,
): AsyncGenerator<string, void> {
  let told = '';
  let toldAt = performance.now();
  let waitMs = 0;
  while (!stopping.aborted) {
    let upload: Upload;
    try {
      upload = await ingest.waitUntilEnded(access, id, waitMs);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      yield event('gone', JSON.stringify(problemDocument(error)));
      return;
    }
    const json = JSON.stringify(uploadJson(upload, ingest.progressOf(upload)));
    const ended = upload.finishedAt !== null;
    if (ended || json !== told) {
      yield event(ended ? 'end' : 'progress', json);
      if (ended) return;
      told = json;
      toldAt = performance.now();
    } else if (performance.now() - toldAt > HEARTBEAT_MS) {
      yield ':\n\n';
      toldAt = performance.now();
    }
    waitMs = LOOK_MS;
  }
}

function event(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}
