import type { CustomerId, UploadId } from './model/ids.ts';

/** Something that happened. `log.ts` and `metrics.ts` decide what to show of it. Never contains secrets. */
export type Observation =
  | {
      readonly kind: 'listening';
      readonly url: string;
      readonly auth: 'open' | 'keys';
      readonly dataDir: string;
      /** Of a cluster: this node and the addresses of its servers. */
      readonly cluster: { readonly node: string; readonly servers: readonly string[] } | null;
    }
  | { readonly kind: 'stopping'; readonly signal: string }
  /** Another node has died: others take over what it had. */
  | { readonly kind: 'node_died'; readonly nodeId: string }
  /** Another process is the same node, and may be about to end. */
  | {
      readonly kind: 'node_waits';
      readonly nodeId: string;
      /** Null if that is not known. */
      readonly process: { readonly host: string; readonly pid: number } | null;
    }
  /** This process has to stop: another one has its node ID, or it was not seen for too long. */
  | { readonly kind: 'node_ended'; readonly nodeId: string; readonly why: 'replaced' | 'expired' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'engine_started'; readonly pid: number }
  | { readonly kind: 'engine_stopped'; readonly pid: number; readonly cause: string; readonly expected: boolean }
  | {
      /** The engine process took more resident memory than it may, and was killed. */
      readonly kind: 'engine_memory_exceeded';
      readonly pid: number;
      readonly bytes: number;
      readonly limitBytes: number;
    }
  | {
      readonly kind: 'upload_received';
      readonly uploadId: UploadId;
      readonly customerId: CustomerId;
      readonly bytes: number;
      readonly records: number;
      readonly ms: number;
    }
  | {
      /** Ended before its 202. Uploads refused before their first byte are observed only as requests. */
      readonly kind: 'upload_refused';
      readonly uploadId: UploadId;
      /** Null if the form had not named it yet. */
      readonly customerId: CustomerId | null;
      readonly code: string;
    }
  /** A table without rows that nobody knew. */
  | { readonly kind: 'stray_table_dropped'; readonly customerId: CustomerId; readonly tableId: string }
  /** No load starts because disk space is low; then loads start again. */
  | { readonly kind: 'loads_held' | 'loads_resumed' }
  | {
      readonly kind: 'upload_completed';
      readonly uploadId: UploadId;
      readonly customerId: CustomerId;
      readonly rows: number;
      readonly ms: number;
    }
  | {
      readonly kind: 'upload_failed';
      readonly uploadId: UploadId;
      readonly customerId: CustomerId;
      readonly code: string;
      readonly detail: string;
    }
  | {
      readonly kind: 'upload_cancelled' | 'upload_undone';
      readonly uploadId: UploadId;
      readonly customerId: CustomerId;
    }
  | {
      /** A request to a webhook; `status` is null if there was no response. The URL may contain secrets. */
      readonly kind: 'webhook_attempted';
      readonly webhookId: string;
      readonly customerId: CustomerId;
      readonly eventId: string;
      readonly verdict: 'delivered' | 'retry' | 'failed' | 'gone';
      readonly status: number | null;
      readonly ms: number;
    }
  | {
      readonly kind: 'webhook_disabled';
      readonly webhookId: string;
      readonly customerId: CustomerId;
      readonly reason: 'gone' | 'failing';
    }
  | { readonly kind: 'attempt_failed'; readonly uploadId: UploadId; readonly attempt: number; readonly error: Error }
  | { readonly kind: 'background_failed'; readonly task: string; readonly error: Error }
  | {
      readonly kind: 'request_answered';
      readonly method: string;
      readonly route: string;
      readonly status: number;
      readonly ms: number;
      readonly requestId: string;
    }
  | { readonly kind: 'request_failed'; readonly requestId: string; readonly error: Error }
  | { readonly kind: 'crashed'; readonly error: Error };

export type Observe = (observation: Observation) => void;
