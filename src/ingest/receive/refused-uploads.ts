import { Problem } from '../../errors.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';

/** Who follows an upload hears of its end within a second; this many are refused meanwhile at most. */
const MOST = 1_000;

/** Why uploads were refused that the catalog has forgotten: in memory, the latest ones alone. */
export class RefusedUploads {
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

/** Why a file was refused, as its sender is told. */
export function refusalOf(reason: unknown): Problem {
  if (reason instanceof Problem) return reason;
  if (reason === undefined) return new Problem('upload_interrupted', 'The sender went away.');
  const { statusCode = 500 } = reason as { readonly statusCode?: number };
  return statusCode < 500
    ? new Problem('bad_request', 'The request could not be read.')
    : new Problem('internal_error', 'An error in Thena stopped the upload.');
}
