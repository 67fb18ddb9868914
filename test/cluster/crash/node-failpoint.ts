import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { orderKill, wasCarriedOut, withdrawOrder } from '../../crash/kill-order.ts';
import { csvOf } from '../../crash/senders.ts';
import { assertTotalRows, endedUploads, whole } from '../../crash/settled.ts';
import { ask, begin, idOf, send } from '../../http/tus-requests.ts';
import { call, put, type Reply, upload } from '../../server.ts';
import { until } from '../../until.ts';
import { ClusterContents } from './cluster-contents.ts';
import type { ClusterFailpoint } from './cluster-failpoints.ts';
import type { CrashCluster, CrashNode } from './crash-cluster.ts';

/** More than the first segment holds, so that the load starts early. */
const MULTI_SEGMENT_ROWS = 100_000;
const MAX_ROUNDS = 3;
const BAD_ROW = 'never,0,0,x\n';

interface SentFile {
  readonly customer: string;
  readonly number: number;
  readonly rows: number;
  /** Whether it must be stored; null if the client does not know. */
  isStored: boolean | null;
}

/**
 * Has node A do everything that nodes do with uploads, until it is killed at a failpoint. The other node takes over what it has left,
 * at once if A is started again, else when it finds A dead. Then compares what is stored with the answers that the clients got.
 */
export async function killNodeAt(
  crash: CrashCluster,
  failpoint: ClusterFailpoint,
  isRestarted: boolean,
): Promise<void> {
  const work = new NodeWork(crash, `${failpoint.replaceAll('_', '-')}-${isRestarted ? 'again' : 'other'}`);
  try {
    await work.run(failpoint, isRestarted);
  } finally {
    withdrawOrder(crash.nodes[0].orderFile);
    await crash.nodes[0].start();
  }
}

class NodeWork {
  readonly #crash: CrashCluster;
  /** Has uploads all the time. */
  readonly #kept: string;
  /** Is deleted. */
  readonly #deleted: string;
  readonly #contents: ClusterContents;
  readonly #sent: SentFile[] = [];
  /** Null if its deletion was requested, but no answer arrived. */
  #isDeleted: boolean | null = false;

  constructor(crash: CrashCluster, name: string) {
    this.#crash = crash;
    this.#kept = `kept-${name}`;
    this.#deleted = `deleted-${name}`;
    this.#contents = new ClusterContents(crash.cluster.environment);
  }

  async run(failpoint: ClusterFailpoint, isRestarted: boolean): Promise<void> {
    const [a] = this.#crash.nodes;
    orderKill(a.orderFile, { failpoint, nth: 1, victim: 'main' });
    // The other node may take from the queue what this one is expected to load.
    for (let round = 0; round < MAX_ROUNDS && !wasCarriedOut(a.orderFile); round++) await this.#doAll(a);
    await until(() => wasCarriedOut(a.orderFile));
    await until(() => !a.isAlive);
    if (isRestarted) await a.start();
    await this.#verify();
  }

  async #doAll(a: CrashNode): Promise<void> {
    for (const work of [
      () => this.#upload(this.#kept, 10),
      () => this.#upload(this.#kept, MULTI_SEGMENT_ROWS),
      () => this.#skipAndRetry(),
      () => this.#uploadInChunks(),
      () => this.#undo(),
      () => this.#cancel(),
      () => this.#uploadAndDelete(),
      // Reached when a node starts, or takes over.
      () => a.end(),
      () => a.start(),
    ]) {
      if (wasCarriedOut(a.orderFile)) return;
      await work().catch((error: Error) => {
        // The connection broke because the node was killed.
        if (error instanceof assert.AssertionError) throw error;
      });
    }
  }

  get #a(): string {
    const { url } = this.#crash.nodes[0];
    if (url === null) throw new Error('node A is down');
    return url;
  }

  get #b(): string {
    return this.#crash.nodes[1].url ?? '';
  }

  async #upload(customer: string, rows: number): Promise<void> {
    const file = this.#next(customer, rows);
    const { status, body } = await put(this.#a, customer, csvOf(file.number, rows));
    if (status === 202) file.isStored = true;
    else assert.ok(status >= 500, `a valid file was refused: ${JSON.stringify(body)}`);
    await this.#ended(body.id);
  }

  async #skipAndRetry(): Promise<void> {
    const file = this.#next(this.#kept, 10);
    const { body } = await put(this.#a, this.#kept, csvOf(file.number, 10) + BAD_ROW);
    file.isStored = false;
    await this.#ended(body.id);
    file.isStored = null;
    const retried = await call(`${this.#a}/api/v1/uploads/${body.id}/retry?on_error=skip`, { method: 'POST' });
    if (retried.status === 202) file.isStored = true;
    await this.#ended(retried.body.id);
  }

  async #uploadInChunks(): Promise<void> {
    const file = this.#next(this.#kept, 1_000);
    const bytes = Buffer.from(csvOf(file.number, 1_000));
    const { headers } = await begin(this.#a, bytes.length, { customer_id: this.#kept });
    const path = headers.get('location') ?? '';
    let isBroken = false;
    for (let offset = 0; offset < bytes.length; ) {
      // Continues at the other node if this one is killed.
      const address = `${isBroken ? this.#b : this.#a}${path}`;
      try {
        const asked = await ask(address);
        assert.equal(asked.status, 200, 'a resumable file that was created is missing');
        const kept = Number(asked.headers.get('upload-offset'));
        assert.ok(kept >= offset, `only ${kept} of ${offset} acknowledged bytes are stored`);
        const chunk = bytes.subarray(kept, kept + 40_000);
        if (kept === bytes.length || (await send(address, kept, chunk)).status === 204) offset = kept + chunk.length;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        isBroken = true;
      }
    }
    file.isStored = true;
    await this.#ended(idOf(path));
  }

  async #undo(): Promise<void> {
    const file = this.#next(this.#kept, 10);
    const { body } = await upload(this.#a, this.#kept, csvOf(file.number, 10));
    file.isStored = true;
    await this.#ended(body.id);
    file.isStored = null;
    const undone = await call(`${this.#a}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    assert.equal(undone.status, 200, JSON.stringify(undone.body));
    file.isStored = false;
  }

  async #cancel(): Promise<void> {
    const { headers } = await begin(this.#a, 100, { customer_id: this.#kept });
    const id = idOf(headers.get('location') ?? '');
    await send(`${this.#a}/api/v1/tus/${id}`, 0, Buffer.from('at,file\n'));
    const { status } = await call(`${this.#a}/api/v1/uploads/${id}`, { method: 'DELETE' });
    assert.equal(status, 200);
    assert.equal((await ask(`${this.#b}/api/v1/tus/${id}`)).status, 404);
  }

  async #uploadAndDelete(): Promise<void> {
    await this.#upload(this.#deleted, 10);
    this.#isDeleted = null;
    const { status, body } = await call(`${this.#a}/api/v1/customers/${this.#deleted}`, { method: 'DELETE' });
    if (status < 500) assert.equal(status, 204, JSON.stringify(body));
    if (status !== 204) return;
    this.#isDeleted = true;
    for (const file of this.#sent) if (file.customer === this.#deleted) file.isStored = false;
  }

  #next(customer: string, rows: number): SentFile {
    const file: SentFile = { customer, number: this.#sent.length, rows, isStored: null };
    this.#sent.push(file);
    return file;
  }

  /** Waits until the upload has ended, or node A. */
  async #ended(id: string): Promise<void> {
    while (this.#crash.nodes[0].isAlive) {
      const { status, body }: Reply = await call(`${this.#b}/api/v1/uploads/${id}`);
      if (status === 200 && body.finished_at !== null) return;
      await delay(20);
    }
  }

  async #verify(): Promise<void> {
    const failed = [];
    for (const customer of [this.#kept, this.#deleted]) {
      for (const { id, status, error } of await endedUploads(this.#b, customer)) {
        if (status !== 'failed') continue;
        failed.push(id);
        assert.equal(error.code, 'rows_rejected', `${id} of ${customer} failed: ${JSON.stringify(error)}`);
      }
    }
    if (this.#isDeleted === null) await this.#untilDeletedOrNot();
    for (const customer of [this.#kept, this.#deleted]) {
      const stored = new Map(await this.#contents.storedFiles(customer));
      let visible = 0;
      for (const file of this.#sent) {
        if (file.customer !== customer) continue;
        if (customer === this.#deleted && this.#isDeleted) file.isStored = false;
        const found = stored.get(file.number);
        stored.delete(file.number);
        const name = `file ${file.number} of ${customer}`;
        if (file.isStored !== null) assert.equal(found !== undefined, file.isStored, `whether ${name} is stored`);
        if (found) assert.deepEqual(found, whole(file.rows), `${name} is not stored exactly once`);
        visible += found ? file.rows : 0;
      }
      assert.deepEqual([...stored], [], `${customer} has rows of no file`);
      for (const url of this.#crash.urls()) await assertTotalRows(url, customer, visible);
    }
  }

  /** A deletion without an answer is completed by the node that takes over, or was never started. */
  async #untilDeletedOrNot(): Promise<void> {
    const state = () => this.#contents.catalog('select * from customers where id = $1', [this.#deleted]);
    await until(async () => (await state())[0]?.in_deletion !== 1, 60_000);
    this.#isDeleted = (await state()).length === 0;
  }
}
