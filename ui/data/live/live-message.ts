import type { CustomerEvent } from '../../../client/customer-events.ts';

/**
 * The stream is `open`: everything that happened before is read again; `lost`, and opened again; or `refused`, as for a customer that
 * does not exist yet.
 */
export type LiveConnection = 'open' | 'lost' | 'refused';

/** What the tabs of a browser learn about a customer. */
export type LiveMessage = CustomerEvent | { readonly event: 'connection'; readonly data: LiveConnection };
