import type { Catalog } from '../../catalog/catalog.ts';
import { CatalogUnchanged } from '../../catalog/catalog-unchanged.ts';
import type { Customer } from '../../catalog/customer.ts';
import type { QueueLimits } from '../../catalog/queue-limits.ts';
import type { ReceivedFile, Reception, Upload } from '../../catalog/upload.ts';
import { completeOptions, type UploadOptions } from '../../catalog/upload-options.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { Column } from '../../model/columns.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId } from '../../model/ids.ts';
import { duplicateOf, refuseReusedKey, refuseUncorrectable } from './earlier-upload.ts';
import type { IncomingFile } from './incoming-file.ts';
import { queueFull, refuseFullQueue } from './queue-full.ts';

/** What became of the upload at its acknowledgement. */
type Acknowledgement =
  | { readonly kind: 'received'; readonly upload: Upload }
  /** Its idempotency key was used for the same file before: that upload stands for it. */
  | { readonly kind: 'repeated'; readonly upload: Upload };

/** The catalog's side of one file being received: the checks before its bytes, its row, and the acknowledgement. */
export class Registration {
  readonly #catalog: Catalog;
  readonly #limits: QueueLimits;
  /** The instance that receives the file. */
  readonly #receiver: string;
  #file: IncomingFile;
  #access: CustomerAccess | null = null;
  /** Null if the customer does not exist yet. */
  #customer: Customer | null = null;
  /** Whether the file may be one that was acknowledged before. */
  #mayBeRepeated = false;
  #hasRow = false;
  /** The same, or the answer of the catalog was lost. */
  #mayHaveRow = false;
  #options: UploadOptions;

  constructor(catalog: Catalog, limits: QueueLimits, receiver: string, file: IncomingFile) {
    this.#catalog = catalog;
    this.#limits = limits;
    this.#receiver = receiver;
    this.#file = file;
    this.#options = completeOptions(file.options);
  }

  /** The options of the file, and for what they leave open those of the customer, once it is known. */
  get options(): UploadOptions {
    return this.#options;
  }

  /** Whether the upload is in the catalog, with the options that it was created with. */
  get hasRow(): boolean {
    return this.#hasRow;
  }

  /** Whether others may have seen the upload in the catalog. */
  get mayHaveRow(): boolean {
    return this.#mayHaveRow;
  }

  /** Null until the customer is known. */
  get customerId(): CustomerId | null {
    return this.#access?.customerId ?? null;
  }

  /** The columns that the file must have; null if it decides them, or the customer is not known yet. */
  get columns(): readonly Column[] | null {
    return this.#customer?.table?.columns ?? this.#customer?.declaredColumns ?? null;
  }

  /** Whether its rows may be loaded before it is acknowledged. */
  get mayLoadEarly(): boolean {
    return this.#access !== null && !this.#mayBeRepeated;
  }

  /**
   * Names the customer and checks what can be checked without the bytes.
   *
   * @throws Problem too_many_uploads, queue_full, upload_option_invalid
   */
  async bind(access: CustomerAccess): Promise<void> {
    this.#access = access;
    const { idempotencyKey, corrects, expectedBytes } = this.#file;
    if (idempotencyKey !== null) {
      // The file is read in any case: only its digest shows whether it is the same.
      const { customerId, keyId } = access;
      this.#mayBeRepeated = (await this.#catalog.findByIdempotencyKey(customerId, keyId, idempotencyKey)) !== null;
    }
    // Others may be queued while it is read: what counts is the count at the acknowledgement.
    if (!this.#mayBeRepeated) {
      await refuseFullQueue(this.#catalog, this.#limits, access.customerId, expectedBytes ?? 0);
    }
    if (corrects) await refuseUncorrectable(this.#catalog, access, corrects);
    this.#customer = await this.#catalog.findCustomer(access.customerId);
    this.#completeOptions();
  }

  #completeOptions(): void {
    this.#options = completeOptions(this.#file.options, this.#customer?.defaults);
  }

  /** Binds a form whose fields have all been read. @throws Problem as `bind` does */
  async complete(file: IncomingFile, access: CustomerAccess): Promise<void> {
    const isChecked = this.#access !== null && file.corrects === this.#file.corrects;
    this.#file = file;
    if (isChecked) this.#completeOptions();
    else await this.bind(access);
  }

  /** Checks the queue for a form that names its customer after the file. @throws Problem queue_full */
  async refuseFullQueue(): Promise<void> {
    await refuseFullQueue(this.#catalog, this.#limits, null, this.#file.expectedBytes ?? 0);
  }

  /** Creates the upload in the catalog, once. @throws Problem customer_busy, customer_not_found */
  async createUpload(): Promise<void> {
    if (this.#hasRow) return;
    const { customerId, customerMayAppear, keyId } = this.#requireAccess();
    const { uploadId, filename, idempotencyKey, retryOf, corrects } = this.#file;
    const mightHaveRow = this.#mayHaveRow;
    this.#mayHaveRow = true;
    const creating = this.#catalog.createUpload({
      id: uploadId,
      customerId,
      receiver: this.#receiver,
      filename,
      options: this.#options,
      keyId,
      idempotencyKey,
      retryOf: retryOf?.id ?? null,
      corrects,
      // A customer that was deleted in the meantime does not come back with a file that was sent before. One that has disappeared with
      // another first file, because that was refused, does.
      customerMayAppear: customerMayAppear && (this.#customer === null || this.#customer.isProvisional),
    });
    await creating.catch((error: unknown) => {
      if (error instanceof CatalogUnchanged) this.#mayHaveRow = mightHaveRow;
      throw error;
    });
    this.#hasRow = true;
    failpoint('registered');
  }

  /**
   * Acknowledges the upload, which has been created and whose bytes are durable.
   *
   * @throws Problem duplicate_upload, idempotency_key_reused, too_many_uploads, queue_full, upload_cancelled, upload_not_retryable,
   *   key_invalid, customer_busy, customer_not_found; shutting_down if others have declared this node dead
   */
  async acknowledge(received: ReceivedFile): Promise<Acknowledgement> {
    const { customerId } = this.#requireAccess();
    const outcome = await this.#catalog
      .markReceived({ ...this.#reception, isResumable: this.#file.isResumable ?? false }, received, this.#limits)
      .catch(orTakenOver);
    switch (outcome.kind) {
      case 'received':
        return outcome;
      case 'key_used':
        refuseReusedKey(outcome.earlier, received, { options: this.#options, corrects: this.#file.corrects });
        return { kind: 'repeated', upload: outcome.earlier };
      case 'duplicate':
        throw duplicateOf(outcome.earlier);
      case 'queue_full':
        throw queueFull(outcome.limit, customerId, this.#limits);
      case 'not_retryable': {
        const detail = `Upload ${this.#file.retryOf?.id} was retried in the meantime, or its bytes are no longer kept.`;
        throw new Problem('upload_not_retryable', detail);
      }
    }
  }

  /** Removes the upload from the catalog; a cancelled one stays there as such. */
  async withdraw({ isCancelled }: { readonly isCancelled: boolean }): Promise<void> {
    if (!this.#mayHaveRow) return;
    if (isCancelled) await this.#catalog.cancelUpload(this.#file.uploadId);
    else await this.#catalog.deleteUpload(this.#reception);
  }

  /**
   * Withdraws the upload from a catalog whose answer was lost.
   *
   * @returns whether the upload had been acknowledged: then it stays
   * @throws Problem catalog_unavailable if that is still unknown
   */
  async wasAcknowledged(): Promise<boolean> {
    if (!this.#mayHaveRow) return false;
    await this.withdraw({ isCancelled: false });
    return (await this.#catalog.findUpload(this.#file.uploadId)) !== null;
  }

  get #reception(): Reception {
    return { uploadId: this.#file.uploadId, receiver: this.#receiver };
  }

  #requireAccess(): CustomerAccess {
    if (!this.#access) throw new Error('the file has no customer');
    return this.#access;
  }
}

/** Others remove only the uploads of nodes that they have declared dead. The file itself is not refused, and can be sent again. */
function orTakenOver(error: unknown): never {
  if (!(error instanceof Problem) || error.code !== 'upload_not_found') throw error;
  const detail = 'The node that received the file was not seen by others for too long, and is stopping.';
  throw new Problem('shutting_down', detail, {}, { cause: error });
}
