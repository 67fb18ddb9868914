import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';
import { newUploadId, parseUploadId } from '../../src/model/ids.ts';
import { newUpload } from '../builders.ts';
import { ask, begin, idOf, offsetOf, send } from '../http/tus-requests.ts';
import { call, ended, put, type Reply, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { type NodePair, startNodePair } from './node-pair.ts';
import { NO_S3, S3_KEYS, type S3Server, startS3 } from './s3-server.ts';

const CSV = `at,n\n${'2024-01-01 00:00:00,1\n'.repeat(1000)}`;
const BAD = `${CSV}2024-01-01,x\n`;
const TRIES = { THENA_CONCURRENT_LOADS: '2' };

/** What a place lets a test see. */
interface Seen {
  readonly url: string | null;
  /** Makes all requests to the place fail, or no longer. Null: it cannot fail so. */
  readonly fail: ((isFailing: boolean) => void) | null;
  /** Everything of uploads that is kept in the place. */
  names(pair: NodePair): readonly string[];
  lose(pair: NodePair, name: string): void;
}

function twoNodes(place: string, skip: string | null, open: () => Promise<Seen & { close(): Promise<void> }>): void {
  describe(`two nodes whose spool is ${place}`, { skip: skip ?? false }, () => {
    let pair: NodePair;
    let seen: Awaited<ReturnType<typeof open>>;
    before(async () => {
      seen = await open();
      const news = new LocalNews();
      const connect = (folder: string) => openSqliteCatalog(join(folder, 'catalog.sqlite'), undefined, news);
      pair = await startNodePair(connect, TRIES, seen.url);
    });
    after(async () => {
      await pair.close();
      await seen.close();
    });
    const onB = (path: string, init = {}) => call(`${pair.b.url}/api/v1${path}`, init);

    /** Sends a file, and does something when its load begins. */
    async function whenClaimed(sending: () => Promise<Reply>, act: (segment: string) => void) {
      let attempts = 0;
      const listener = (failpoint: unknown): void => {
        if (failpoint !== 'claimed') return;
        attempts++;
        const segment = seen.names(pair).find((name) => name.endsWith('.csv') && name.startsWith('spool/'));
        if (attempts === 1) act(segment ?? 'none');
      };
      subscribe(FAILPOINTS_CHANNEL, listener);
      try {
        const upload = await ended(pair.a.url, (await sending()).body.id);
        return { upload, attempts };
      } finally {
        unsubscribe(FAILPOINTS_CHANNEL, listener);
      }
    }

    it('load the uploads of each other, and leave nothing of them', async () => {
      await put(pair.a.url, 'first', CSV, WAIT);
      const uploads = await Promise.all(
        Array.from({ length: 12 }, (_, index) => put(index % 2 ? pair.a.url : pair.b.url, 'first', CSV)),
      );
      for (const { body } of uploads) {
        const { status, error } = await ended(pair.b.url, body.id);
        const failures = [...pair.a.observations, ...pair.b.observations].filter(
          ({ kind }) => kind === 'attempt_failed',
        );
        assert.equal(status, 'complete', inspect({ error, failures }));
      }
      assert.equal(await totalRows(pair.a.url, 'first'), 13_000);
      await until(() => seen.names(pair).length === 0);
    });

    it('serve the rejected rows of each other, and retry the failed uploads of each other', async () => {
      await put(pair.a.url, 'rejects', CSV, WAIT);
      const failed = await put(pair.a.url, 'rejects', BAD, WAIT);
      assert.equal(failed.body.status, 'failed');
      const { body } = await onB(`/uploads/${failed.body.id}/rejects`);
      assert.deepEqual(
        body.items.map((row: { line: number }) => row.line),
        [1002],
      );
      assert.equal((await onB(`/uploads/${failed.body.id}/rejects.csv`)).body, 'at,n\n2024-01-01,x\n');
      const retried = await onB(`/uploads/${failed.body.id}/retry?on_error=skip`, { method: 'POST' });
      assert.equal((await ended(pair.a.url, retried.body.id)).receipt.appended, 1000, JSON.stringify(retried.body));
    });

    it('continue a resumable upload in turn, and make it an upload once', async () => {
      const bytes = Buffer.from(CSV);
      const { headers } = await begin(pair.a.url, bytes.length, { customer_id: 'resumable' });
      const path = headers.get('location') ?? '';
      for (let at = 0; at < bytes.length; at += 5_000) {
        const node = at % 10_000 === 0 ? pair.b : pair.a;
        assert.equal(await offsetOf(node.url + path), at);
        const { status, body } = await send(node.url + path, at, bytes.subarray(at, at + 5_000));
        assert.equal(status, 204, JSON.stringify(body));
      }
      const asked = await Promise.all([pair.a, pair.b, pair.a, pair.b].map(({ url }) => ask(url + path)));
      for (const { status } of asked) assert.equal(status, 200);
      assert.equal((await ended(pair.a.url, idOf(path))).receipt.appended, 1000);
      assert.equal(await totalRows(pair.b.url, 'resumable'), 1000);
    });

    it('take the bytes of one of two requests that append at the same offset', async () => {
      const bytes = Buffer.from(CSV);
      const { headers } = await begin(pair.a.url, bytes.length, { customer_id: 'race' });
      const path = headers.get('location') ?? '';
      const both = await Promise.all([pair.a, pair.b].map(({ url }) => send(url + path, 0, bytes.subarray(0, 9_000))));
      assert.deepEqual(both.map(({ status }) => status).toSorted(), [204, 409]);
      assert.equal(await offsetOf(pair.b.url + path), 9_000);
      assert.equal((await send(pair.b.url + path, 9_000, bytes.subarray(9_000))).status, 204);
      assert.equal((await ended(pair.a.url, idOf(path))).receipt.appended, 1000);
    });

    it('make a whole file an upload once, although both try at the same time', async () => {
      const bytes = Buffer.from(CSV);
      const { headers } = await begin(pair.a.url, bytes.length, { customer_id: 'whole' });
      const path = headers.get('location') ?? '';
      const last = send(pair.a.url + path, 0, bytes);
      const asking: Promise<{ readonly status: number }>[] = [];
      for (let tries = 0; tries < 10; tries++, await sleep(3))
        asking.push(ask((tries % 2 ? pair.a : pair.b).url + path));
      assert.equal((await last).status, 204);
      for (const { status } of await Promise.all(asking)) assert.equal(status, 200);
      assert.equal((await ended(pair.b.url, idOf(path))).receipt.appended, 1000);
      assert.equal(await totalRows(pair.a.url, 'whole'), 1000);
    });

    it('make a whole file an upload after the node that was doing so has died', async () => {
      const bytes = Buffer.from(CSV);
      const { headers } = await begin(pair.a.url, bytes.length, { customer_id: 'died' });
      const path = headers.get('location') ?? '';
      const id = idOf(path) ?? '';
      // As if it had been killed after the last bytes: the entry of its upload is left, and no lease.
      const dead = newUpload('died', { id: parseUploadId(id) ?? newUploadId(), receiver: randomUUID() });
      await pair.a.catalog.createUpload(dead);
      const last = send(pair.a.url + path, 0, bytes);
      await sleep(500);
      for (const reception of await pair.b.catalog.deadReceptions()) await pair.b.catalog.deleteUpload(reception);
      assert.equal((await last).status, 204);
      assert.equal((await ended(pair.b.url, id)).receipt.appended, 1000);
    });

    it('cancel a resumable upload of each other, and leave nothing of it', async () => {
      const { headers } = await begin(pair.a.url, 100, { customer_id: 'cancelled' });
      const path = headers.get('location') ?? '';
      await send(pair.a.url + path, 0, Buffer.from('at,n\n'));
      assert.equal((await ask(pair.b.url + path, 'DELETE')).status, 204);
      assert.equal((await ask(pair.a.url + path)).status, 404);
      assert.deepEqual(
        seen.names(pair).filter((name) => name.includes(idOf(path) ?? '-')),
        [],
      );
    });

    it('fail an upload clearly if a segment is missing', async () => {
      await put(pair.a.url, 'lost', CSV, WAIT);
      const { upload, attempts } = await whenClaimed(
        () => put(pair.a.url, 'lost', CSV),
        (name) => {
          forgetCopies(pair);
          seen.lose(pair, name);
        },
      );
      assert.deepEqual([upload.status, upload.error?.code, attempts], ['failed', 'upload_bytes_missing', 1]);
    });

    it('refuse uploads while the spool cannot be reached, and load those that were acknowledged later', async (t) => {
      const { fail } = seen;
      if (!fail) return t.skip('a folder does not fail in this way');
      await put(pair.a.url, 'outage', CSV, WAIT);
      fail(true);
      const refused = await put(pair.a.url, 'outage', CSV);
      fail(false);
      assert.deepEqual([refused.status, refused.body.code], [503, 'spool_unavailable']);
      const { upload, attempts } = await whenClaimed(
        () => put(pair.b.url, 'outage', CSV),
        () => {
          forgetCopies(pair);
          fail(true);
          setTimeout(fail, 6_000, false);
        },
      );
      assert.deepEqual([upload.status, upload.engine_deaths ?? 0], ['complete', 0]);
      assert.ok(attempts > 1);
      assert.equal(await totalRows(pair.a.url, 'outage'), 2000);
    });

    it('fail a retry clearly if bytes of the upload are missing', async () => {
      await put(pair.a.url, 'missing', CSV, WAIT);
      const failed = await put(pair.a.url, 'missing', BAD, WAIT);
      const name = seen.names(pair).find((each) => each.includes(failed.body.id) && each.startsWith('spool/'));
      assert.ok(name);
      seen.lose(pair, name);
      // Node B has no copy of its own.
      const { status, body } = await onB(`/uploads/${failed.body.id}/retry`, { method: 'POST' });
      assert.deepEqual([status, body.code], [500, 'upload_bytes_missing']);
    });
  });
}

/** Removes what the nodes have copied from a bucket, if the spool is one. */
function forgetCopies(pair: NodePair): void {
  const folder = join(pair.spool, '../..');
  const nodes = readdirSync(folder).filter((name) => /^[ab]-/.test(name));
  assert.equal(nodes.length, 2, `${nodes}`);
  for (const node of nodes) {
    const copies = join(folder, node, 'spool-cache/spool');
    if (existsSync(copies)) for (const name of readdirSync(copies)) rmSync(join(copies, name), { recursive: true });
  }
}

twoNodes('a shared folder', null, async () => {
  const root = (pair: NodePair): string => join(pair.spool, '..');
  return {
    url: null,
    fail: null,
    names: (pair) =>
      ['spool', 'resumable'].flatMap((folder) =>
        readdirSync(join(root(pair), folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
      ),
    lose: (pair, name) => rmSync(join(root(pair), name), { recursive: true }),
    close: async () => undefined,
  };
});

let server: S3Server;
twoNodes('a bucket', NO_S3, async () => {
  Object.assign(process.env, S3_KEYS);
  server = await startS3();
  const prefix = randomUUID();
  return {
    url: server.url(prefix),
    fail: (isFailing) => {
      server.fault = isFailing ? () => 503 : null;
    },
    names: () => server.keys(prefix).filter((name) => !name.startsWith('rejects/')),
    lose: (_, name) => server.lose(`${prefix}/${name}`),
    close: () => server.remove(),
  };
});
