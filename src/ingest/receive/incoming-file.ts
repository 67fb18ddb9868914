import type { Readable } from 'node:stream';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { GivenOptions, UploadOptions } from '../../catalog/upload-options.ts';
import { Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';

/** What is known of a file before its first byte. */
export interface IncomingFile {
  readonly uploadId: UploadId;
  readonly filename: string | null;
  readonly contentEncoding: string | null;
  /** The size that the client has announced, in bytes. */
  readonly expectedBytes: number | null;
  /** What they leave open is the customer's. */
  readonly options: GivenOptions;
  readonly idempotencyKey: string | null;
  /** The upload whose rejected rows the file brings, corrected. */
  readonly corrects: UploadId | null;
  /** The customer whose key came with the file: it uploads for itself only. Null if the key, or its absence, names none. */
  readonly caller: CustomerId | null;
  /** The failed upload whose text this is, with the properties of the file as it was sent; null if this is no retry. */
  readonly retryOf:
    | (Pick<ReceivedFile, 'bytes' | 'sha256' | 'encoding' | 'headerGuessed'> &
        Partial<Pick<ReceivedFile, 'layout' | 'warnings'>> & { readonly id: UploadId })
    | null;
  /** Whether it arrived in several requests. It must not be removed before it is acknowledged. */
  readonly isResumable?: boolean;
  /** If this is the text of a file, to be received again under options that came after it. */
  readonly cutAgain?: CutAgain;
}

/** Text out of the spool that is cut again. */
export interface CutAgain {
  /** The properties of the file as it was sent. */
  readonly sent: Partial<ReceivedFile>;
  /** The options for its text, which need not be those of the request. */
  readonly options: Partial<UploadOptions>;
}

/** What a form says after its file. */
export interface LateFields {
  readonly access: CustomerAccess;
  /** All of the form, those before the file included. */
  readonly options: GivenOptions;
  readonly corrects: UploadId | null;
}

/** Where a file comes from: a request, a resumable file that is whole, or the spool. */
export interface FileSource {
  /** Is destroyed if the upload is cancelled while it is being read. */
  readonly bytes: Readable;
  /** The customer, if it is known before the bytes: then loading starts while they arrive. */
  readonly access: CustomerAccess | null;
  /** Reads what follows the bytes: the rest of a form. Default: nothing follows */
  readonly rest?: () => Promise<LateFields>;
  /** The cause of a failure, if the source knows it better than the reception. Default: the failure itself */
  readonly causeOf?: (failure: unknown) => unknown;
}

/** `causeOf` for bytes that come from the disk: what looks like a lost connection to the reception is a failed read. */
export function readFailureOf(failure: unknown): unknown {
  return failure instanceof Problem && failure.code === 'upload_interrupted' ? failure.cause : failure;
}

/** The properties of the file as it was sent, if the bytes are its text out of the spool. */
export function asSent({ retryOf, cutAgain }: IncomingFile): Partial<ReceivedFile> {
  if (cutAgain) return { ...cutAgain.sent, origin: null };
  if (!retryOf) return {};
  const { id: _, ...properties } = retryOf;
  return { ...properties, origin: null };
}
