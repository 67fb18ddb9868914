import type { Problem } from '../errors.ts';
import type { CustomerId, UploadId } from '../table/ids.ts';

/** Who follows an upload hears of its end within a second; this many are refused meanwhile at most. */
const MOST = 1_000;

/** Why uploads were refused that the catalog has forgotten: in memory, the latest ones alone. */
export class Refusals {
  readonly #latest = new Map<UploadId, { readonly customerId: CustomerId; readonly refusal: Problem }>();

  note(uploadId: UploadId, customerId: CustomerId, refusal: Problem): void {
    this.#latest.set(uploadId, { customerId, refusal });
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MOST && oldest) this.#latest.delete(oldest);
  }

  /** What the sender of an upload of this customer was told. */
  of(customerId: CustomerId, uploadId: UploadId): Problem | null {
    const noted = this.#latest.get(uploadId);
    return noted?.customerId === customerId ? noted.refusal : null;
  }
}
