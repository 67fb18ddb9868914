import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import type { ApiKey } from '../../../src/catalog/api-key.ts';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import type { Deletion } from '../../../src/catalog/customer.ts';
import type { TableState } from '../../../src/catalog/table-state.ts';
import type { Received, ReceivedFile, Upload, UploadStatus } from '../../../src/catalog/upload.ts';
import type { AttemptOutcome, Claim, CommitUpload, Lease } from '../../../src/catalog/upload-queue.ts';
import type { UploadId } from '../../../src/model/ids.ts';
import { NOTHING_SETTLED } from '../../../src/model/value-format.ts';
import {
  begunDeletion,
  customerId,
  newUpload,
  parsedFile,
  receivedFile,
  receptionOf,
  registerReceiver,
  segmentOf,
  uploadOptions,
} from '../../builders.ts';

/** An empty database, to which catalogs connect. */
export interface CatalogDatabase {
  /** @param now the clock of the catalog: milliseconds since 1970-01-01T00:00:00Z */
  connect(now: () => number): Promise<Catalog>;
  remove(): Promise<void>;
}

export const LEASE_MS = 1_000;
/** What two processes claim uploads with. */
export const A = { owner: 'a', leaseMs: LEASE_MS };
export const B = { owner: 'b', leaseMs: LEASE_MS };
export const OPTIONS = uploadOptions({ delimiter: ';', header: true, encoding: 'windows-1252', onError: 'skip' });
export const FILE = receivedFile();
export const COLUMNS = [
  { name: 'at', type: 'timestamp', settled: { decimal: null, order: 'dmy', timeZone: 'UTC' } },
  { name: 'n', type: 'integer', settled: NOTHING_SETTLED },
] as const;
export const ERROR = {
  code: 'rows_rejected',
  detail: 'Line 2 has "nö".',
  extra: { rejected: 1, rejects: [{ line: 2 }] },
};
export const FAILED: AttemptOutcome = { kind: 'failed', error: ERROR, keepBytesMs: 86_400_000 };
export const REQUEUED: AttemptOutcome = { kind: 'requeued', engineDied: false };
export const YEAR_9999 = 253_402_300_799_999_999n;

type NewUpload = Parameters<Catalog['createUpload']>[0];

/** A file with other bytes for every digest. */
export function fileOf(sha256: string, spoolBytes = 15): ReceivedFile {
  return receivedFile({ sha256, segments: [segmentOf({ bytes: spoolBytes })] });
}

export function leaseOf({ upload, tag }: Claim, owner = 'a'): Lease {
  return { uploadId: upload.id, tag, owner };
}

/** A commit of three rows. */
export function commitOf(claim: Claim, change: Partial<CommitUpload> = {}): CommitUpload {
  return {
    ...leaseOf(claim),
    columns: COLUMNS,
    uses: [],
    timeColumn: 'at',
    rows: 3,
    dryRun: false,
    firstRowAt: 20n,
    earliestAt: 10n,
    latestAt: 30n,
    receipt: {
      rowsInFile: 3,
      appended: 3,
      rejected: 0,
      columns: parsedFile(COLUMNS).columns,
      warnings: ['read month first'],
      notes: [],
    },
    ...change,
  };
}

/** A catalog for each test, and how its tests bring uploads into a status. */
export class CatalogUnderTest {
  catalog!: Catalog;
  /** Milliseconds since 1970-01-01T00:00:00Z, for every connection. */
  clock = 0;
  #database: CatalogDatabase | undefined;
  readonly #connected: Catalog[] = [];

  /** Registers the hooks of a suite. */
  constructor(makeDatabase: () => Promise<CatalogDatabase>) {
    beforeEach(async () => {
      this.clock = Date.UTC(2026, 0, 1);
      this.#database = await makeDatabase();
      this.catalog = await this.connect();
    });
    afterEach(async () => {
      for (const each of this.#connected.splice(0)) await each.close();
      await this.#database?.remove();
    });
  }

  /** Opens another connection to the same database. */
  async connect(): Promise<Catalog> {
    assert.ok(this.#database);
    const catalog = await this.#database.connect(() => this.clock);
    this.#connected.push(catalog);
    return catalog;
  }

  async receiving(customer: string, change: Partial<NewUpload> = {}): Promise<Upload> {
    await registerReceiver(this.catalog);
    return this.catalog.createUpload(newUpload(customer, { filename: 'f.csv', options: OPTIONS, ...change }));
  }

  async acknowledged(uploadId: UploadId, file = FILE, receiver?: string): Promise<Upload> {
    const outcome: Received = await this.catalog.markReceived(receptionOf(uploadId, receiver), file);
    assert.ok(outcome.kind === 'received', outcome.kind);
    return outcome.upload;
  }

  async received(customer: string, file = FILE): Promise<Upload> {
    return this.acknowledged((await this.receiving(customer)).id, file);
  }

  async claimed(lease = A): Promise<Claim> {
    const claim = await this.catalog.claimNext(lease);
    assert.ok(claim, 'nothing was claimed');
    return claim;
  }

  async commit(claim: Claim, change: Partial<CommitUpload> = {}): Promise<Upload> {
    const upload = await this.catalog.commitUpload(commitOf(claim, change));
    assert.ok(upload !== 'lost');
    return upload;
  }

  /** A complete upload, if no older one is in the queue. */
  async appended(customer: string, change: Partial<CommitUpload> = {}): Promise<Upload> {
    const upload = await this.received(customer);
    const claim = await this.claimed();
    assert.equal(claim.upload.id, upload.id, 'an older upload is in the queue');
    return this.commit(claim, change);
  }

  deleting(customer: string): Promise<Deletion> {
    return begunDeletion(this.catalog, customerId(customer));
  }

  async statusOf(uploadId: UploadId): Promise<UploadStatus | undefined> {
    return (await this.catalog.findUpload(uploadId))?.status;
  }

  async tableOf(customer: string): Promise<TableState | null | undefined> {
    return (await this.catalog.findCustomer(customerId(customer)))?.table;
  }

  addKey(customer: string, keyId: string): Promise<ApiKey> {
    const key = { id: keyId, customerId: customerId(customer), hash: `hash of ${keyId}`, label: 'laptop' };
    return this.catalog.addKey({ ...key, rights: ['read', 'upload'] });
  }
}
