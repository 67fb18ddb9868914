import type { Upload } from '../../../src/api/uploads.ts';

/** What the tabs of a browser learn about a customer. */
export type LiveMessage =
  | { readonly kind: 'upload'; readonly upload: Upload }
  | { readonly kind: 'table'; readonly rows: number; readonly version: number }
  /** Whether the stream is connected. After `true`, everything that happened before is read again. */
  | { readonly kind: 'connected'; readonly connected: boolean };
