import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import type { Failpoint } from '../../src/failpoints.ts';
import { giveOldNames } from '../engine/old-table-file.ts';
import { ask, begin, send } from '../http/tus-requests.ts';
import { call } from '../server.ts';
import { type Order, obeying, orderDeath, wasObeyed } from './failpoints-at-work.ts';
import { csvOf } from './senders.ts';
import { assertTotalRows, endedUploads, spooled, storedFiles, unfinished } from './settled.ts';

/** A file of the work, and what its sender knows of it. */
interface Sent {
  readonly customer: string;
  readonly number: number;
  readonly rows: number;
  /** Whether it has to be there; null: no answer came, so it may be there or not. */
  isThere: boolean | null;
}

const KEPT = 'ada';
const DELETED = 'grace';
/** More than the first segment holds, so that loading runs beside receiving. */
const MULTI_SEGMENT_ROWS = 100_000;
const BAD_ROW = 'never,0,0,x\n';
const COLUMNS = [
  { name: 'at', type: 'timestamp' },
  { name: 'file', type: 'integer' },
  { name: 'row', type: 'integer' },
  { name: 'text', type: 'text' },
];

/**
 * Has a real Thena do all that it can do with uploads, until it, its engine or both are killed at one step; starts it again,
 * and holds what is there against what the senders were told.
 *
 * @param order none: nobody is killed, and the steps are told that were reached
 * @returns the steps that were reached
 */
export async function killAtStep(order: Omit<Order, 'id'> | null): Promise<readonly Failpoint[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-steps-'));
  const work = new Work(folder);
  try {
    await work.begin();
    if (order) await work.arm(order);
    await work.doAll();
    if (order) await work.assertObeyed();
    await work.verify();
    const failpoint = work.failpoint();
    await work.end();
    rmSync(folder, { recursive: true });
    return failpoint;
  } catch (error) {
    // The folder stays, to be looked into.
    const told = `${order?.victim ?? 'nobody'} at ${order?.step}, in ${folder}: ${(error as Error).message}`;
    throw new Error(told, { cause: error });
  } finally {
    await work.end();
  }
}

class Work {
  readonly #dataDir: string;
  readonly #orders: string;
  readonly #failpoint: string;
  readonly #sent: Sent[] = [];
  #thena: ThenaProcess | null = null;
  /** Null: its deletion was asked for, and no answer came. */
  #isDeleted: boolean | null = false;

  constructor(folder: string) {
    this.#dataDir = join(folder, 'data');
    this.#orders = join(folder, 'order');
    this.#failpoint = join(folder, 'failpoint');
  }

  async begin(): Promise<void> {
    const { url } = await this.#start();
    for (const customer of [KEPT, DELETED]) {
      const { status } = await call(`${url}/api/v1/customers`, { json: { customer_id: customer, columns: COLUMNS } });
      assert.equal(status, 201);
    }
  }

  /** Steps that come at a start come at one that has something to recover: a load that ran ahead of its file. */
  async arm(order: Omit<Order, 'id'>): Promise<void> {
    if (AT_START.includes(order.step)) {
      orderDeath(this.#orders, { step: 'claimed_early', nth: 1, victim: 'main' });
      await this.#upload(KEPT, MULTI_SEGMENT_ROWS).catch(() => undefined);
      await this.assertObeyed();
    }
    orderDeath(this.#orders, order);
  }

  async assertObeyed(): Promise<void> {
    assert.ok(wasObeyed(this.#orders), 'the step was not failpoint');
  }

  /** One kind of work after the other; where Thena dies under one, it is started again for the next. */
  async doAll(): Promise<void> {
    for (const piece of [
      () => this.#upload(KEPT, 10),
      () => this.#upload(KEPT, MULTI_SEGMENT_ROWS),
      () => this.#upload(KEPT, 10, 'skip'),
      () => this.#failAndRetry(),
      () => this.#uploadInPieces(),
      () => this.#giveUp(),
      () => this.#undo(),
      () => this.#uploadToOldTable(),
      () => this.#upload(DELETED, 10),
      () => this.#delete(),
    ]) {
      await this.#running();
      await piece().catch((error: Error) => {
        // What breaks off a connection is that Thena was killed.
        if (error instanceof assert.AssertionError) throw error;
      });
    }
  }

  failpoint(): readonly Failpoint[] {
    return [...new Set(readFileSync(this.#failpoint, 'utf8').trim().split('\n'))] as Failpoint[];
  }

  async end(): Promise<void> {
    await this.#thena?.end('SIGKILL');
  }

  /** Kills Thena, starts it again, and holds it against all that was said. */
  async verify(): Promise<void> {
    await this.#thena?.end('SIGKILL');
    const { url } = await this.#running();
    const failures = new Set<string>();
    for (const customer of [KEPT, DELETED]) {
      for (const { id, status, error } of await endedUploads(url, customer)) {
        if (status !== 'failed') continue;
        failures.add(id);
        assert.equal(error.code, 'rows_rejected', `${id} of ${customer} failed: ${error.detail}`);
      }
    }
    // A deletion that was asked for may have been made; else it is as if it never was.
    if (this.#isDeleted === null) this.#isDeleted = (await call(`${url}/api/v1/customers/${DELETED}`)).status === 404;
    const wanted = this.#sent.filter(({ customer }) => customer !== DELETED || !this.#isDeleted);
    await this.#thena?.end('SIGTERM');
    const visible = new Map<string, number>();
    for (const customer of [KEPT, DELETED]) {
      const stored = new Map(await storedFiles(this.#dataDir, customer));
      for (const { number, rows, isThere } of wanted.filter((file) => file.customer === customer)) {
        const found = stored.get(number);
        if (isThere !== null)
          assert.equal(found !== undefined, isThere, `file ${number} of ${customer} is there or not`);
        if (!found) continue;
        const whole = { rows, differentRows: rows, highestRow: rows - 1, tags: 1 };
        assert.deepEqual(found, whole, `file ${number} of ${customer} is not there exactly once`);
        stored.delete(number);
        visible.set(customer, (visible.get(customer) ?? 0) + rows);
      }
      if (customer === KEPT || !this.#isDeleted) assert.deepEqual([...stored], [], `rows of nobody's at ${customer}`);
    }
    const again = (await this.#running()).url;
    for (const customer of [KEPT, DELETED]) await assertTotalRows(again, customer, visible.get(customer) ?? 0);
    assert.deepEqual(
      spooled(this.#dataDir).filter((name) => !failures.has(name)),
      [],
      'the spool holds what nobody needs',
    );
    for (const id of unfinished(this.#dataDir)) {
      const { headers } = await ask(`${again}/api/v1/tus/${id}`);
      assert.notEqual(headers.get('upload-offset'), headers.get('upload-length'), 'a whole file was not taken');
    }
  }

  async #upload(customer: string, rows: number, onError = 'abort'): Promise<void> {
    const file = this.#next(customer, rows);
    const bad = onError === 'skip' ? BAD_ROW : '';
    const { status, body } = await this.#put(customer, csvOf(file.number, rows) + bad, `on_error=${onError}`);
    if (status === 202) file.isThere = true;
    if (status >= 400 && status < 500) assert.fail(`a good file was refused: ${JSON.stringify(body)}`);
    await this.#ended(body.id);
  }

  async #failAndRetry(): Promise<void> {
    const file = this.#next(KEPT, 10);
    const { body } = await this.#put(KEPT, csvOf(file.number, 10) + BAD_ROW);
    file.isThere = false;
    await this.#ended(body.id);
    file.isThere = null;
    const { url } = await this.#running();
    const retried = await call(`${url}/api/v1/uploads/${body.id}/retry?on_error=skip`, { method: 'POST' });
    file.isThere = retried.status === 202;
    await this.#ended(retried.body.id);
  }

  async #uploadInPieces(): Promise<void> {
    const file = this.#next(KEPT, 1_000);
    const bytes = Buffer.from(csvOf(file.number, 1_000));
    const { url } = await this.#running();
    const { headers } = await begin(url, bytes.length, { customer_id: KEPT });
    const path = headers.get('location');
    file.isThere = null;
    for (let offset = 0; offset < bytes.length; ) {
      // As clients do: what broke off is asked for, and goes on from there.
      const address = `${(await this.#running()).url}${path}`;
      const { status, headers: told } = await ask(address).catch(() => ({ status: 0, headers: new Headers() }));
      if (status === 0) continue;
      assert.equal(status, 200, 'what was begun is there');
      const kept = Number(told.get('upload-offset'));
      assert.ok(kept >= offset, `${kept} bytes are there of ${offset} that were acknowledged`);
      const piece = bytes.subarray(kept, kept + 40_000);
      offset = await send(address, kept, piece).then(
        (reply) => (reply.status === 204 ? kept + piece.length : kept),
        () => kept,
      );
    }
    file.isThere = true;
    await this.#ended(path?.split('/').at(-1) ?? '');
  }

  async #giveUp(): Promise<void> {
    const { url } = await this.#running();
    const { headers } = await begin(url, 100, { customer_id: KEPT });
    const id = headers.get('location')?.split('/').at(-1);
    await send(`${url}/api/v1/tus/${id}`, 0, Buffer.from('at,file\n'));
    const { status } = await call(`${url}/api/v1/uploads/${id}`, { method: 'DELETE' });
    assert.equal(status, 200);
    assert.equal((await ask(`${url}/api/v1/tus/${id}`)).status, 404);
  }

  async #undo(): Promise<void> {
    const file = this.#next(KEPT, 10);
    const { status, body } = await this.#put(KEPT, csvOf(file.number, 10));
    if (status === 202) file.isThere = true;
    await this.#ended(body.id);
    file.isThere = null;
    const { url } = await this.#running();
    const undone = await call(`${url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    assert.equal(undone.status, 200, JSON.stringify(undone.body));
    file.isThere = false;
  }

  /** Uploads to a table that an earlier version of Thena left behind. */
  async #uploadToOldTable(): Promise<void> {
    await this.#thena?.end('SIGTERM');
    const path = join(this.#dataDir, 'tables', `${KEPT}.duckdb`);
    const names = COLUMNS.map(({ name }) => name);
    if (existsSync(path)) await giveOldNames(path, names);
    await this.#upload(KEPT, 10);
  }

  async #delete(): Promise<void> {
    const { url } = await this.#running();
    this.#isDeleted = null;
    const { status, body } = await call(`${url}/api/v1/customers/${DELETED}`, { method: 'DELETE' });
    if (status < 500) assert.equal(status, 204, JSON.stringify(body));
    this.#isDeleted = status === 204 ? true : null;
  }

  #next(customer: string, rows: number): Sent {
    const file: Sent = { customer, number: this.#sent.length, rows, isThere: null };
    this.#sent.push(file);
    return file;
  }

  async #put(customer: string, body: string, query = '') {
    const { url } = await this.#running();
    return call(`${url}/api/v1/customers/${customer}/uploads?${query}`, { method: 'PUT', body });
  }

  /** Waits until it has ended, also where Thena has to be started again for that. */
  async #ended(id: string): Promise<void> {
    for (;;) {
      const { url } = await this.#running();
      const { body } = await call(`${url}/api/v1/uploads/${id}`).catch(() => ({ body: { finished_at: null } }));
      if (body.finished_at !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #running(): Promise<ThenaProcess> {
    const thena = this.#thena;
    return thena && thena.child.exitCode === null && thena.child.signalCode === null ? thena : this.#start();
  }

  async #start(): Promise<ThenaProcess> {
    for (let tries = 0; ; tries++) {
      try {
        this.#thena = await startThenaProcess(this.#dataDir, [], obeying(this.#orders, this.#failpoint));
        return this.#thena;
      } catch (error) {
        // It was killed at a step of its start.
        if (tries > 1) throw error;
      }
    }
  }
}

const AT_START: readonly Failpoint[] = ['leases_released', 'unacknowledged_forgotten'];
