import type { Problem } from '../../errors.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';

/** A client that follows an upload learns of its end within a second; this many refusals are enough for that time. */
const MAX_UPLOADS = 1_000;

/**
 * Why uploads were refused before they were acknowledged. The catalog keeps nothing of those, so that clients that follow one
 * get the reason from here: only the latest, in memory.
 */
export class RefusedUploads {
  readonly #latest = new Map<UploadId, { readonly customerId: CustomerId; readonly problem: Problem }>();

  add(uploadId: UploadId, customerId: CustomerId, problem: Problem): void {
    this.#latest.set(uploadId, { customerId, problem });
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MAX_UPLOADS && oldest) this.#latest.delete(oldest);
  }

  /** @returns null if the customer's upload was not refused, or too long ago */
  problemOf(customerId: CustomerId, uploadId: UploadId): Problem | null {
    const refused = this.#latest.get(uploadId);
    return refused?.customerId === customerId ? refused.problem : null;
  }
}
