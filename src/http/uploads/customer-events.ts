import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type * as api from '../../api/customer-events.ts';
import type { Upload } from '../../api/uploads.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { type CustomerAccess, mayAccessUpload } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';
import { customerNotFound } from '../../model/not-found.ts';
import { problemJson } from '../problems/problem-json.ts';
import { eventText, problemEvent } from './event-text.ts';
import { currentUploadJson } from './upload-json.ts';

export interface CustomerEventsDeps {
  readonly ingest: Pick<Ingest, 'watch' | 'unfinishedUploads' | 'refusalOf' | 'findUpload' | 'progressOf'>;
  readonly catalog: Pick<Catalog, 'findCustomer'>;
  /** Aborts when the client disconnects or the server stops. */
  readonly ends: AbortSignal;
  /** After this long without an event a comment is sent, so that the connection is not taken for dead. */
  readonly keepAliveMs: number;
}

/** How often the caller's key and the customer are checked without a change. */
const CHECK_MS = 1_000;
/** Of how many uploads a stream remembers what it has sent. */
const MAX_SENT = 1_000;

/**
 * Everything that happens to a customer's uploads and table, as server-sent events: first the unfinished uploads and the table, then
 * changes. The client pulls the events, and only the IDs of changed uploads are remembered for it, so that a slow client misses states,
 * but not the last one.
 *
 * @param confirm throws a problem once the caller may no longer follow the customer
 */
export async function* customerEvents(
  deps: CustomerEventsDeps,
  access: CustomerAccess,
  confirm: () => Promise<void>,
): AsyncGenerator<string, void> {
  const { ingest, ends, keepAliveMs } = deps;
  // Opened before the first look, so that no change in between is missed.
  const watch = ingest.watch(access);
  const sent = new Sent();
  let sentAt = performance.now();
  let changed: readonly UploadId[] | 'too_many' = 'too_many';
  try {
    yield ': connected\n\n';
    while (!ends.aborted) {
      const ids = changed === 'too_many' ? await current(deps, access, sent) : changed;
      for (const id of ids) {
        // For each, since the client may take any time to read the one before.
        await confirm();
        const event = await uploadEvent(deps, access, id, sent);
        if (!event) continue;
        yield eventText(event);
        sentAt = performance.now();
      }
      await confirm();
      const table = await tableEvent(deps, access, sent);
      if (table) {
        yield eventText(table);
        sentAt = performance.now();
      }
      if (performance.now() - sentAt >= keepAliveMs) {
        yield ': keep-alive\n\n';
        sentAt = performance.now();
      }
      changed = await watch.next(Math.min(CHECK_MS, keepAliveMs), ends);
    }
  } catch (error) {
    const last = problemEvent(error);
    if (last !== null) yield last;
  } finally {
    watch.close();
  }
}

/** What the client knows. */
class Sent {
  /** Unfinished uploads. */
  readonly uploads = new Set<UploadId>();
  table: string | null = null;
  /** When the customer was created, in milliseconds: another one may have its ID after it was deleted. */
  customerSince: number | null = null;
  readonly #digests = new LRUCache<string, string>({ max: MAX_SENT });

  /** @returns false if the client has the upload like this: in a cluster, one change may be announced several times */
  isNew(upload: Upload): boolean {
    const digest = hash('sha1', JSON.stringify(upload), 'base64');
    if (this.#digests.get(upload.id) === digest) return false;
    this.#digests.set(upload.id, digest);
    return true;
  }
}

/** All unfinished uploads, and those that the client takes for unfinished. */
async function current(
  { ingest }: CustomerEventsDeps,
  access: CustomerAccess,
  sent: Sent,
): Promise<readonly UploadId[]> {
  return [...new Set([...sent.uploads, ...(await ingest.unfinishedUploads(access))])];
}

async function uploadEvent(
  { ingest }: CustomerEventsDeps,
  access: CustomerAccess,
  id: UploadId,
  sent: Sent,
): Promise<api.CustomerEvent | null> {
  const upload = await ingest.findUpload(id);
  if (!upload) {
    if (!sent.uploads.delete(id)) return null;
    const refusal = await ingest.refusalOf(access, id);
    return { event: 'removed', data: { id, problem: refusal && problemJson(refusal) } };
  }
  if (!mayAccessUpload(access, upload)) return null;
  if (upload.finishedAt === null) sent.uploads.add(id);
  else sent.uploads.delete(id);
  const data = await currentUploadJson(ingest, upload);
  return sent.isNew(data) ? { event: 'upload', data } : null;
}

/** @throws Problem customer_not_found if the customer was deleted */
async function tableEvent(
  { catalog }: CustomerEventsDeps,
  { customerId, rights }: CustomerAccess,
  sent: Sent,
): Promise<api.CustomerEvent | null> {
  const customer = await catalog.findCustomer(customerId);
  const since = customer?.createdAt.getTime() ?? null;
  sent.customerSince ??= since;
  if (!customer || since !== sent.customerSince) throw customerNotFound(customerId);
  if (!rights.includes('read')) return null;
  const data = { rows: customer.table?.rows ?? 0, version: customer.table?.version ?? null };
  const text = JSON.stringify(data);
  if (text === sent.table) return null;
  sent.table = text;
  return { event: 'table', data };
}
