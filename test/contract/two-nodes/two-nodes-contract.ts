import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newUpload, receivedFile, receptionOf, registerReceiver } from '../../builders.ts';
import { type Node, openSharedPlace, type SharedPlace, startNode } from '../../cluster/node-pair.ts';
import { Pausable } from '../../cluster/pausable.ts';
import { ask, begin, idOf, send } from '../../http/tus-requests.ts';
import { call, ended, put, totalRows, WAIT } from '../../server.ts';
import { until } from '../../until.ts';
import type { CatalogDatabase } from '../catalog/catalog-under-test.ts';

const CSV = 'at,n\n2024-01-01 00:00:00,1\n2024-01-03 00:00:00,2\n';
const OTHER_CSV = 'x,y,z\na,b,c\n';
const CHUNK = Buffer.from('2024-01-01 00:00:00,1\n'.repeat(50_000));
/** More than a lease lasts. */
const LEASE_ENDS_MS = 31_000;
const MINUTES = 60_000;

/** Two nodes. */
interface Pair {
  readonly a: Node;
  readonly b: Node;
  /** Pauses node a. */
  readonly paused: Pausable;
  readonly pausedB: Pausable;
}

/**
 * What has to hold for nodes that share a catalog.
 *
 * @param name of the catalog
 * @param makeDatabase creates an empty database, to which shared catalogs connect; called before every test
 */
export function twoNodesContract(name: string, makeDatabase: () => Promise<CatalogDatabase>): void {
  describe(`two nodes that share a catalog in ${name}`, () => {
    let place: SharedPlace;
    let database: CatalogDatabase;
    /** How much the clock of the database is ahead. */
    let aheadMs = 0;
    let nodes: Node[] = [];
    const pausables: Pausable[] = [];
    const realNow = Date.now;

    beforeEach(async () => {
      aheadMs = 0;
      place = await openSharedPlace({ THENA_RESULT_CACHE: '0' });
      database = await makeDatabase();
    });
    afterEach(async () => {
      mock.timers.reset();
      for (const paused of pausables.splice(0)) paused.resume();
      for (const node of nodes) await node.close();
      nodes = [];
      await place.close();
      await database.remove();
    });

    async function start(nodeId: string, paused = new Pausable()): Promise<Node> {
      pausables.push(paused);
      const node = await startNode(nodeId, await database.connect(() => realNow() + aheadMs), place, paused);
      nodes.push(node);
      return node;
    }

    async function startBoth(): Promise<Pair> {
      const [paused, pausedB] = [new Pausable(), new Pausable()];
      return { paused, pausedB, a: await start('a', paused), b: await start('b', pausedB) };
    }

    const tableFiles = (customer: string): readonly string[] =>
      readdirSync(place.tables).filter((file) => file.startsWith(`${customer}_`));

    /** Sends a file to a node, without its end, until the upload is in the catalog. */
    async function beginUpload(node: Node, customer: string) {
      const sender: ClientRequest = request(`${node.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
      const answer = once(sender, 'response').then(async ([reply]) => ({
        status: reply.statusCode as number,
        body: (await json(reply)) as { id: string },
      }));
      answer.catch(() => undefined);
      sender.write('at,n\n');
      for (let chunks = 1; chunks < 100; chunks++) {
        sender.write(CHUNK);
        await sleep(20);
        const { body } = await call(`${node.url}/api/v1/customers/${customer}/uploads`);
        if (body.items?.length > 0) return { sender, answer, id: body.items[0].id as string, rows: 50_000 * chunks };
      }
      throw new Error('the upload was never registered');
    }

    /** Sends a file to node a, which is paused when it comes to a step. @returns the ID of the upload, as node b knows it */
    async function sendAndPause({ a, b, paused, pausedB }: Pair, customer: string, step: string, csv = CSV) {
      const reached = paused.pauseAt(step);
      // Otherwise it may claim the upload before node a does.
      pausedB.pause();
      put(a.url, customer, csv).catch(() => undefined);
      await reached;
      pausedB.resume();
      const { body } = await call(`${b.url}/api/v1/customers/${customer}/uploads`);
      return body.items[0].id as string;
    }

    /** Has a node do its housekeeping now. */
    async function sweep(node: Node): Promise<void> {
      const { body } = await put(node.url, 'swept', CSV, WAIT);
      await call(`${node.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
      await until(async () => tableFiles('swept').length === 0);
    }

    it('leave each other alone when they start: uploads in progress end as rows', async () => {
      const a = await start('a');
      const { sender, answer, id, rows } = await beginUpload(a, 'slow');
      const b = await start('b');
      assert.equal((await call(`${b.url}/api/v1/uploads/${id}`)).body.status, 'receiving');
      await sweep(b);
      sender.end();
      const { status, body } = await answer;
      assert.equal(status, 202);
      assert.equal((await ended(b.url, body.id)).status, 'complete');
      assert.equal(await totalRows(b.url, 'slow'), rows);
    });

    it('take over what a node has left when it starts again, at once', async () => {
      const pair = await startBoth();
      const { a, b, paused } = pair;
      const { sender, answer, id } = await beginUpload(a, 'interrupted');
      const left = await sendAndPause(pair, 'left', 'commitUpload');
      await start('a');
      assert.equal((await ended(b.url, left)).status, 'complete');
      assert.equal(await totalRows(b.url, 'left'), 2);
      assert.equal((await call(`${b.url}/api/v1/uploads/${id}`)).status, 404, 'its client never got a 202');
      // The old process continues.
      paused.resume();
      sender.end();
      const { status } = await answer;
      assert.ok(status >= 500, `the file itself was refused: ${status}`);
      assert.equal(await totalRows(b.url, 'left'), 2);
    });

    for (const step of ['createUpload', 'markReceived']) {
      it(`refuse to acknowledge a file after its node was declared dead at ${step}, and do not blame the file`, async () => {
        const { a, b, paused } = await startBoth();
        const reached = paused.pauseAt(step);
        const answer = put(a.url, 'late', CSV);
        await reached;
        // It removes the bytes that the dead process has received.
        await start('a');
        paused.resume();
        const { status, body } = await answer;
        assert.deepEqual([status, body.code], [503, 'shutting_down'], JSON.stringify(body));
        assert.equal((await call(`${b.url}/api/v1/customers/late`)).status, 404);
      });
    }

    for (const [customer, first] of [
      ['created', false],
      ['appended', true],
    ] as const) {
      it(`do no harm after a pause of more than a lease: the table is ${customer} by another node`, async () => {
        const pair = await startBoth();
        const { a, b, paused } = pair;
        if (first) await put(b.url, customer, CSV, WAIT);
        const before = first ? 2 : 0;
        const id = await sendAndPause(pair, customer, 'append');
        const { shared, temp } = place;
        cpSync(shared, join(temp, 'shared'), { recursive: true });
        aheadMs += LEASE_ENDS_MS;
        await sweep(b);
        assert.equal((await ended(b.url, id)).status, 'complete');
        assert.equal(await totalRows(b.url, customer), before + 2);
        const query = { customer_id: customer, query: { measures: [{ fn: 'count' }] } };
        const rows = async () => (await call(`${b.url}/api/v1/analyze/`, { json: query })).body.result.rows[0][0];
        assert.equal(await rows(), before + 2);
        const ends = a.observations.length;
        if (first) {
          // Its write comes after its rows were deleted, as if it had been on its way.
          cpSync(join(temp, 'shared'), shared, { recursive: true });
          const written = paused.pauseAt('commit');
          paused.resume();
          await written;
          assert.equal(await rows(), before + 2, 'rows of the lost attempt are visible');
        }
        paused.resume();
        await until(async () => a.observations.slice(ends).some(({ kind }) => kind === 'attempt_failed'));
        assert.ok(!a.observations.some(({ kind }) => kind === 'upload_failed'), 'the upload did not fail');
        await put(b.url, customer, CSV, WAIT);
        assert.equal(await rows(), before + 4);
        assert.equal(await totalRows(a.url, customer), before + 4);
        await until(async () => tableFiles(customer).length === 1);
      });
    }

    it('leave the rejected rows that another node has found in the meantime', async () => {
      const pair = await startBoth();
      const { a, b, paused } = pair;
      await put(b.url, 'faulty', CSV, WAIT);
      const id = await sendAndPause(pair, 'faulty', 'renewLease', `${CSV}x,y\n`);
      aheadMs += LEASE_ENDS_MS;
      await sweep(b);
      // Its bytes are kept, so that the first attempt has found them, too.
      assert.equal((await ended(b.url, id)).error.code, 'rows_rejected');
      const rejects = join(place.shared, 'rejects');
      const files = () => readdirSync(rejects).map((file) => `${file} ${statSync(join(rejects, file)).ino}`);
      const before = files().filter((file) => !file.includes('draft'));
      assert.equal(before.length, 2, `${before}`);
      const ends = a.observations.length;
      paused.resume();
      await until(async () => a.observations.slice(ends).some(({ kind }) => kind === 'attempt_failed'));
      assert.deepEqual(files(), before);
    });

    it('race for the first upload of a customer: every file is stored once, in one table', async () => {
      const { a, b } = await startBoth();
      for (let round = 0; round < 5; round++) {
        const customer = `race${round}`;
        const sent = await Promise.all([a, b, a, b].map((node) => put(node.url, customer, CSV)));
        for (const { status, body } of sent) {
          assert.equal(status, 202);
          assert.equal((await ended(a.url, body.id)).status, 'complete');
        }
        assert.deepEqual([await totalRows(a.url, customer), await totalRows(b.url, customer)], [8, 8]);
        await until(async () => tableFiles(customer).length === 1);
      }
    });

    it('race with files of other columns: one decides the table, the others are refused', async () => {
      const { a, b } = await startBoth();
      const sent = await Promise.all([put(a.url, 'either', CSV), put(b.url, 'either', OTHER_CSV)]);
      const statuses: string[] = [];
      for (const { body } of sent) statuses.push((await ended(a.url, body.id)).status);
      assert.deepEqual(statuses.toSorted(), ['complete', 'failed']);
      await sweep(b);
      await until(async () => tableFiles('either').length === 1);
    });

    for (const minutes of [-10, 10]) {
      it(`agree on times if their clocks are ${minutes} minutes from that of the database`, async () => {
        mock.timers.enable({ apis: ['Date'], now: realNow() + minutes * MINUTES });
        const { a, b } = await startBoth();
        const { body } = await put(a.url, 'clocks', CSV, WAIT);
        assert.equal(body.status, 'complete');
        assert.ok(Math.abs(Date.parse(body.created_at) - realNow()) < MINUTES, body.created_at);
        const failed = await put(a.url, 'clocks', `${CSV}x,y\n`, WAIT);
        assert.equal(failed.body.status, 'failed');
        const retried = await call(`${b.url}/api/v1/uploads/${failed.body.id}/retry?on_error=skip`, { method: 'POST' });
        assert.equal(retried.status, 202, JSON.stringify(retried.body));
        assert.equal((await ended(a.url, retried.body.id)).status, 'complete');
        assert.equal(await totalRows(b.url, 'clocks'), 4);
      });
    }

    it('race with the deletion of a customer: the upload is complete or refused, and never half there', async () => {
      const { a, b } = await startBoth();
      for (let round = 0; round < 5; round++) {
        await put(a.url, 'goes', CSV, WAIT);
        const [deleted, uploaded] = await Promise.all([
          call(`${a.url}/api/v1/customers/goes`, { method: 'DELETE' }),
          put(b.url, 'goes', CSV),
        ]);
        assert.ok([204, 409].includes(deleted.status), JSON.stringify(deleted.body));
        assert.ok([202, 404, 409].includes(uploaded.status), JSON.stringify(uploaded.body));
        if (uploaded.status === 202) assert.equal((await ended(a.url, uploaded.body.id)).status, 'complete');
        const before = deleted.status === 204 ? 0 : 2;
        const rows = before + (uploaded.status === 202 ? 2 : 0);
        const { status } = await call(`${b.url}/api/v1/customers/goes`);
        if (status === 404) assert.equal(rows, 0);
        else if (rows > 0) assert.equal(await totalRows(b.url, 'goes'), rows);
        await call(`${b.url}/api/v1/customers/goes`, { method: 'DELETE' });
      }
    });

    it('complete a deletion that another one has begun, which does no harm when it continues', async () => {
      const { a, b, paused } = await startBoth();
      await put(a.url, 'again', CSV, WAIT);
      const reached = paused.pauseAt('listUploads');
      const deletion = call(`${a.url}/api/v1/customers/again`, { method: 'DELETE' });
      await reached;
      await sweep(b);
      await until(async () => (await call(`${b.url}/api/v1/customers/again`)).status === 404);
      // The customer appears again, with bytes that are kept for a retry.
      await put(b.url, 'again', CSV, WAIT);
      const { body } = await put(b.url, 'again', `${CSV}x,y\n`, WAIT);
      assert.equal(body.status, 'failed');
      paused.resume();
      await deletion;
      assert.equal(await totalRows(b.url, 'again'), 2);
      const retried = await call(`${b.url}/api/v1/uploads/${body.id}/retry?on_error=skip`, { method: 'POST' });
      assert.equal(retried.status, 202, JSON.stringify(retried.body));
      assert.equal((await ended(b.url, retried.body.id)).status, 'complete');
      assert.equal(await totalRows(b.url, 'again'), 4);
    });

    for (const step of ['chunksOf', 'createUpload']) {
      it(`acknowledge a resumable file that another one has made an upload since a pause at ${step}`, async () => {
        const { a, b, paused } = await startBoth();
        const created = await begin(a.url, Buffer.byteLength(CSV), { customer_id: 'resumed' });
        const path = created.headers.get('location');
        const reached = paused.pauseAt(step);
        const sent = send(a.url + path, 0, Buffer.from(CSV));
        await reached;
        aheadMs += LEASE_ENDS_MS;
        assert.equal((await ask(b.url + path)).status, 200);
        assert.equal((await ended(b.url, idOf(`${path}`))).status, 'complete');
        paused.resume();
        const { status, body } = await sent;
        assert.equal(status, 204, JSON.stringify(body));
        assert.equal((await ended(b.url, idOf(`${path}`))).status, 'complete');
        assert.equal(await totalRows(b.url, 'resumed'), 2);
      });
    }

    it('remove the bytes of an upload that is cancelled right after another node has received it', async () => {
      const { b, paused, pausedB } = await startBoth();
      const receiver = await database.connect(() => realNow() + aheadMs);
      try {
        await registerReceiver(receiver);
        const { id } = await receiver.createUpload(newUpload('cancelled'));
        const reached = pausedB.pauseAt('requestCancel');
        const cancelled = call(`${b.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
        await reached;
        // Otherwise it would load the upload.
        paused.pause();
        const folder = `${id}.receiver`;
        mkdirSync(join(place.shared, 'spool', folder));
        const segments = receivedFile().segments.map((segment) => ({ ...segment, path: `${folder}/000000.csv` }));
        await receiver.markReceived(receptionOf(id), { ...receivedFile(), segments });
        pausedB.resume();
        assert.equal((await cancelled).body.status, 'cancelled');
        assert.deepEqual(readdirSync(join(place.shared, 'spool')), []);
      } finally {
        await receiver.close();
      }
    });

    it('do not delete a customer that has appeared again, for a deletion that another one has completed', async () => {
      const { a, b, paused, pausedB } = await startBoth();
      await put(a.url, 'again', CSV, WAIT);
      const begun = paused.pauseAt('listUploads');
      const deletion = call(`${a.url}/api/v1/customers/again`, { method: 'DELETE' });
      await begun;
      // Node b has found the deletion, and continues it only once it has ended.
      const found = pausedB.pauseAt('findDeletion');
      // A sweep of its start may find it before these are answered.
      const swept = sweep(b);
      await found;
      paused.resume();
      assert.equal((await deletion).status, 204);
      assert.equal((await put(a.url, 'again', CSV, WAIT)).body.status, 'complete');
      pausedB.resume();
      await swept;
      await sweep(b);
      assert.equal(await totalRows(b.url, 'again'), 2);
    });
  });
}
