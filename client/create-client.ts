import type { AnalyzeTypeList } from '../src/api/analyze-types.ts';
import type { Diagnostics } from '../src/api/diagnostics.ts';
import type { Readiness } from '../src/api/health.ts';
import { type Analyses, analyses } from './analyses.ts';
import { type ClientSettings, connect } from './connection.ts';
import { type CustomerCalls, customerCalls } from './customer-calls.ts';
import { type CustomerEvent, customerEvents } from './customer-events.ts';
import { type Preview, previewFile } from './preview-file.ts';
import type { EventOptions } from './server-events.ts';
import { type SessionCalls, sessionCalls } from './session.ts';
import { type TableCalls, tableCalls } from './table-calls.ts';
import { type UploadCalls, uploadCalls } from './upload-calls.ts';
import type { UploadFileOptions } from './upload-file-options.ts';
import { type WebhookCalls, webhookCalls } from './webhook-calls.ts';

/**
 * A Thena server. Every call throws `ThenaProblem` with the `code` of the problem if the server refuses it, `ServerUnreachable` if
 * there is no response, and `UnexpectedResponse` if that is not from Thena.
 */
export interface ThenaClient extends UploadCalls, TableCalls, Analyses, CustomerCalls, SessionCalls, WebhookCalls {
  /** How the server would read a file. Only its first megabyte is sent. */
  preview(
    customerId: string,
    file: Blob,
    options?: Pick<UploadFileOptions, 'options' | 'filename'> & { readonly signal?: AbortSignal },
  ): Promise<Preview>;
  /** What happens to a customer: uploads that change, and new versions of its table. Connects again after an interruption. */
  customerEvents(customerId: string, options?: EventOptions): AsyncGenerator<CustomerEvent, void>;
  analyzeTypes(): Promise<AnalyzeTypeList['items']>;
  /** The parts that do not respond, which some requests need. It throws `not_ready` if no request can be answered. */
  readiness(options?: { readonly signal?: AbortSignal }): Promise<Readiness>;
  /** Which parts of the server respond, and which nodes there are. For the administrator. */
  diagnostics(options?: { readonly signal?: AbortSignal }): Promise<Diagnostics>;
}

/** For Node 20 and later, and browsers. */
export function createClient(settings: ClientSettings = {}): ThenaClient {
  const connection = connect(settings);
  return {
    ...uploadCalls(connection),
    ...tableCalls(connection),
    ...analyses(connection),
    ...customerCalls(connection),
    ...sessionCalls(connection),
    ...webhookCalls(connection),
    preview: (customerId, file, options) => previewFile(connection, customerId, file, options),
    customerEvents: (customerId, options) => customerEvents(connection, customerId, options),
    async analyzeTypes() {
      return (await connection.json<AnalyzeTypeList>('/api/v1/analyze/types')).items;
    },
    diagnostics: ({ signal } = {}) => connection.json('/api/v1/diagnostics', { signal }),
    readiness: ({ signal } = {}) => connection.json('/readyz', { signal }),
  };
}
