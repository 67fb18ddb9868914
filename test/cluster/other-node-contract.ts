import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { announcingCatalog } from '../../src/ingest/progress/announcing-catalog.ts';
import { newUploadId, parseUploadId, type UploadId } from '../../src/model/ids.ts';
import { customerId, newUpload, receivedFile, receptionOf, registerReceiver } from '../builders.ts';
import { EventStream } from '../http/event-stream.ts';
import { begin, idOf, send, TUS } from '../http/tus-requests.ts';
import { analyze, call, ended, put, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { type NodePair, startNodePair } from './node-pair.ts';

const CHUNK = Buffer.from('2024-01-01 00:00:00,1\n'.repeat(50_000));
const CSV = 'at,n\n2024-01-01 00:00:00,1\n2024-01-03 00:00:00,2\n';

/**
 * Defines the tests of requests to another node than the one that has what they are about.
 *
 * @param how the nodes share the catalog
 * @param isQuick whether there is news, so that nothing waits for the next look at the catalog
 * @param connect opens the catalog, once for each node
 */
export function otherNodeContract(how: string, isQuick: boolean, connect: (folder: string) => Promise<Catalog>): void {
  describe(`a request to another node than the one that has the upload, ${how}`, () => {
    let folder: string;
    let pair: NodePair;
    before(async () => {
      const connectIn = (place: string): Promise<Catalog> => {
        folder = place;
        return connect(place);
      };
      pair = await startNodePair(connectIn, { THENA_ANALYSIS_SECONDS: '3600' });
    });
    after(() => pair.close());

    const onB = (path: string, init = {}) => call(`${pair.b.url}/api/v1${path}`, init);

    /** Sends a file to node A until its upload is listed, and then nothing more. */
    async function beginUpload(customer: string, header = 'at,n\n') {
      const sender = request(`${pair.a.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
      sender.on('error', () => undefined);
      const answer = once(sender, 'response').then(async ([reply]) => ({
        status: reply.statusCode,
        body: JSON.parse(await text(reply)),
      }));
      answer.catch(() => undefined);
      sender.write(header);
      for (let sent = 1; sent < 100; sent++) {
        sender.write(CHUNK);
        await sleep(20);
        const { body } = await onB(`/customers/${customer}/uploads`);
        const id: string | undefined = body.items?.find((each: { status: string }) => each.status === 'receiving')?.id;
        if (id) return { sender, answer, id };
      }
      throw new Error('the upload was never listed');
    }

    it('cancels an upload that is being received, and its client is answered', async () => {
      const { sender, answer, id } = await beginUpload('cancel');
      const startedAt = performance.now();
      const cancelled = await onB(`/uploads/${id}`, { method: 'DELETE' });
      const ms = performance.now() - startedAt;
      assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled'], JSON.stringify(cancelled.body));
      assert.ok(ms < (isQuick ? 1_000 : 6_000), `it took ${ms} ms`);
      sender.end(CHUNK);
      const { status, body } = await answer;
      assert.deepEqual([status, body.code], [409, 'upload_cancelled']);
      assert.deepEqual(readdirSync(pair.spool), []);
      assert.equal(await totalRows(pair.b.url, 'cancel'), 'table_empty');
      const kinds = [...pair.a.observations, ...pair.b.observations].filter(({ kind }) => kind === 'upload_cancelled');
      assert.equal(kinds.length, 1);
    });

    it('cancels or undoes an upload that is being loaded', async () => {
      const file = Buffer.concat([Buffer.from('at,n\n'), ...Array.from({ length: 20 }, () => CHUNK)]);
      const { body } = await put(pair.a.url, 'load', file);
      const { status, body: last } = await onB(`/uploads/${body.id}`, { method: 'DELETE' });
      assert.equal(status, 200);
      // If it was loaded before the request arrived, it is undone.
      assert.match(last.status, /^(cancelled|undone)$/);
      assert.equal(await totalRows(pair.a.url, 'load'), 'table_empty');
      assert.equal((await put(pair.b.url, 'load', CSV, WAIT)).body.status, 'complete');
    });

    it('shows how far the upload is', async () => {
      const { sender, answer, id } = await beginUpload('progress');
      let progress: { bytes_received: number } = { bytes_received: 0 };
      for (const deadline = Date.now() + 5_000; progress.bytes_received < 8 * 1024 * 1024; await sleep(50)) {
        assert.ok(Date.now() < deadline, 'no progress was shown');
        progress = (await onB(`/uploads/${id}`)).body.progress;
      }
      const { body: list } = await onB('/customers/progress/uploads');
      assert.ok(list.items[0].progress.bytes_received >= progress.bytes_received);
      sender.end();
      assert.equal((await answer).status, 202);
      assert.equal((await ended(pair.b.url, id)).status, 'complete');
    });

    it('follows an upload until it ends', async () => {
      const { sender, answer, id } = await beginUpload('follow');
      const stream = await EventStream.open(`${pair.b.url}/api/v1/uploads/${id}/events`);
      await stream.until(({ name, data }) => name === 'progress' && data.progress.bytes_received > 8 * 1024 * 1024);
      sender.end();
      await answer;
      const end = await stream.until(({ name }) => name === 'end');
      assert.equal(end.data.status, 'complete');
      await stream.untilEnd();
    });

    it('follows everything that happens to a customer, each change once', async () => {
      assert.equal((await put(pair.a.url, 'stream', CSV, WAIT)).body.status, 'complete');
      const stream = await EventStream.open(`${pair.b.url}/api/v1/customers/stream/events`);
      const first = await stream.until(({ name }) => name === 'table');
      assert.equal(first.data.rows, 2);
      // Once the stream has been looked after.
      await sleep(2_500);
      const { body: sent } = await put(pair.a.url, 'stream', CSV, WAIT);
      const is =
        (status: string) =>
        ({ name, data }: { name: string; data: { id?: string; status?: string } }) =>
          name === 'upload' && data.id === sent.id && data.status === status;
      await stream.until(is('complete'));
      await stream.until(({ name, data }) => name === 'table' && data.rows === 4);
      await call(`${pair.a.url}/api/v1/uploads/${sent.id}`, { method: 'DELETE' });
      await stream.until(is('undone'));
      await stream.until(({ name, data }) => name === 'table' && data.rows === 2 && data.version === 3);
      await sleep(2_500);
      const ends = stream.events.filter(
        ({ name, data }) => name === 'upload' && data.id === sent.id && data.finished_at,
      );
      assert.deepEqual(
        ends.map(({ data }) => data.status),
        ['complete', 'undone'],
      );
      stream.close();
    });

    it('says why an upload was refused that was listed before', async () => {
      // Otherwise the customer is gone with its only upload, and with the customer the stream.
      await put(pair.a.url, 'refused', CSV, WAIT);
      const { sender, answer, id } = await beginUpload('refused');
      const stream = await EventStream.open(`${pair.b.url}/api/v1/customers/refused/events`);
      const single = await EventStream.open(`${pair.b.url}/api/v1/uploads/${id}/events`);
      await stream.until(({ name, data }) => name === 'upload' && data.id === id);
      sender.end('2024-01-01 00:00:00,"1\n');
      const { status, body } = await answer;
      assert.deepEqual([status, body.code], [422, 'quote_not_closed']);
      const removed = await stream.until(({ name }) => name === 'removed');
      assert.deepEqual([removed.data.id, removed.data.problem.code], [id, 'quote_not_closed']);
      assert.equal(removed.data.problem.detail, body.detail);
      const problem = await single.until(({ name }) => name === 'problem');
      assert.equal(problem.data.code, 'quote_not_closed');
      stream.close();
    });

    it('shows and cancels a file that arrives in several requests', async () => {
      const stream = await EventStream.open(`${pair.b.url}/api/v1/customers/stream/events`);
      const bytes = Buffer.concat([Buffer.from('at,n\n'), CHUNK, CHUNK]);
      const { headers } = await begin(pair.a.url, 4 * bytes.length, { customer_id: 'stream', filename: 'f.csv' });
      const id = idOf(headers.get('location') ?? '');
      await send(`${pair.a.url}/api/v1/tus/${id}`, 0, bytes);
      // As if node A had saved it before the last bytes arrived, and nothing since.
      await pair.a.catalog.saveProgress([{ uploadId: parseUploadId(id) as UploadId, bytesReceived: 1, rowsRead: 0 }]);
      const { body } = await onB(`/uploads/${id}`);
      assert.deepEqual([body.status, body.progress.bytes_received], ['receiving', bytes.length]);
      const isShown = ({
        name,
        data,
      }: {
        name: string;
        data: { id?: string; progress?: { bytes_received: number } };
      }) => name === 'upload' && data.id === id && data.progress?.bytes_received === bytes.length;
      await stream.until(isShown);
      const next = request(`${pair.a.url}/api/v1/tus/${id}`, {
        method: 'PATCH',
        headers: { ...TUS, 'upload-offset': bytes.length, 'content-type': 'application/offset+octet-stream' },
      });
      next.on('error', () => undefined);
      const answer = once(next, 'response').then(([reply]) => reply.statusCode);
      next.write(CHUNK);
      await until(async () => (await onB(`/uploads/${id}`)).body.progress.bytes_received > bytes.length);
      const cancelled = await onB(`/uploads/${id}`, { method: 'DELETE' });
      assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
      assert.equal(await answer, 409);
      assert.equal((await stream.until(({ name, data }) => name === 'removed' && data.id === id)).data.problem, null);
      stream.close();
    });

    it('answers no client with a state that is older than what it has seen', async () => {
      for (let round = 1; round <= 20; round++) {
        const [one, other] = round % 2 === 0 ? [pair.a, pair.b] : [pair.b, pair.a];
        const { body } = await put(one.url, 'fresh', CSV, WAIT);
        assert.equal(body.status, 'complete', JSON.stringify(body));
        assert.equal(await totalRows(other.url, 'fresh'), 2 * round);
      }
      const { body } = await put(pair.a.url, 'fresh', CSV, WAIT);
      await analyze(pair.a.url, 'fresh', 'profile');
      await onB(`/uploads/${body.id}`, { method: 'DELETE' });
      assert.equal(await totalRows(pair.a.url, 'fresh'), 40);
    });

    it('lists, follows and cancels an analysis', async () => {
      const lines = Array.from({ length: 1_500_000 }, (_, row) => `text ${(row * 7919) % 50_021}\n`);
      await put(pair.a.url, 'analysis', `s\n${lines.join('')}`, WAIT);
      const or = Array.from({ length: 90 }, (_, each) => ({ column: 's', op: 'like', value: `%x${each}_${how}%y_` }));
      const query = { measures: [{ fn: 'count' }], where: { not: { or } } };
      const id = randomUUID();
      const asked = call(`${pair.a.url}/api/v1/analyze/`, {
        json: { customer_id: 'analysis', query },
        headers: { 'thena-analysis-id': id },
      });
      const path = `/customers/analysis/analyses/${id.toUpperCase()}`;
      await until(async () => ((await onB(path)).body.fraction_done ?? 0) > 0);
      const { body } = await onB('/customers/analysis/analyses');
      assert.deepEqual([body.items.length, body.items[0].id, body.items[0].name], [1, id, 'query']);
      const atA = await call(`${pair.a.url}/api/v1/customers/analysis/analyses`);
      assert.equal(atA.body.items.length, 1, 'listed twice at its own node');
      assert.equal((await onB(path, { method: 'DELETE' })).status, 204);
      for (const method of ['GET', 'DELETE']) {
        const again = await onB(path, { method });
        assert.deepEqual([again.status, again.body.code], [404, 'analysis_not_found'], method);
      }
      const answer = await asked;
      assert.deepEqual([answer.status, answer.body.code], [409, 'analysis_cancelled']);
    });

    it('reports an upload that its node does not cancel in time, and cancels it later', async () => {
      const { catalog } = pair.b;
      await registerReceiver(catalog);
      const { id } = await catalog.createUpload(newUpload('stuck'));
      const owner = newUploadId();
      const instance = { nodeId: 'stuck', instanceId: owner };
      await catalog.registerInstance(instance, false);
      const stuck = await catalog.claimReceiving({ uploadId: id, owner, leaseMs: 60_000 });
      assert.ok(stuck);
      await catalog.markReceived(receptionOf(id), receivedFile());
      const pending = await onB(`/uploads/${id}`, { method: 'DELETE' });
      assert.deepEqual([pending.status, pending.body.code], [503, 'cancel_pending'], JSON.stringify(pending.body));
      assert.equal((await onB(`/uploads/${id}`)).body.status, 'ingesting');
      const lease = { uploadId: id, tag: stuck.tag, owner };
      await catalog.endAttempt({ ...lease, outcome: { kind: 'requeued', engineDied: false } });
      assert.equal((await ended(pair.a.url, id)).status, 'cancelled');
      await catalog.removeInstance(instance);
    });

    it('loads an upload that its node has no free load slot for, at once if there is news', {
      skip: !isQuick && 'there is no news',
    }, async () => {
      // Stands for the node that has received it.
      const catalog = await connect(folder);
      const announcing = announcingCatalog(catalog);
      await registerReceiver(catalog);
      try {
        for (let round = 0; round < 5; round++) {
          const { id } = await announcing.createUpload(newUpload('queued'));
          await announcing.markReceived(receptionOf(id), receivedFile());
          const startedAt = performance.now();
          await until(async () => (await catalog.findUpload(id))?.status !== 'received');
          const ms = performance.now() - startedAt;
          assert.ok(ms < 2_000, `it was taken after ${ms} ms`);
        }
      } finally {
        await catalog.close();
      }
    });

    it('ends an upload whose node is gone before it could obey', async () => {
      const { catalog } = pair.b;
      await registerReceiver(catalog);
      const { id } = await catalog.createUpload(newUpload('orphan'));
      const gone = { owner: newUploadId(), leaseMs: 1_500 };
      assert.ok(await catalog.claimReceiving({ uploadId: id, ...gone }));
      await catalog.markReceived(receptionOf(id), receivedFile());
      const cancelled = await onB(`/uploads/${id}`, { method: 'DELETE' });
      assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled'], JSON.stringify(cancelled.body));
      assert.deepEqual(await catalog.unfinishedUploads(customerId('orphan')), []);
    });
  });
}
