import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSpool } from '../../../src/ingest/spool/open-spool.ts';
import type { SpoolPlace } from '../../../src/ingest/spool/spool.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { NO_S3, S3_KEYS, type S3Server, startS3 } from '../../cluster/s3-server.ts';
import { codeOf, read, spoolContract, write } from './spool-contract.ts';

let server: S3Server;
const folders: string[] = [];
if (NO_S3 === null) {
  before(async () => {
    Object.assign(process.env, S3_KEYS);
    server = await startS3();
  });
  after(async () => {
    await server.remove();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
}

/** A node has a folder of its own. */
function newNode(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thena-node-'));
  folders.push(folder);
  return folder;
}

function open(
  prefix: string,
  { instance = randomUUID() as string, cacheBytes = 1, node = newNode(), bucket = 'thena' } = {},
) {
  return openSpool({ url: server.url(prefix, bucket), local: node, instance, cacheBytes, reserveBytes: 0 });
}

spoolContract(
  'a bucket',
  async () => {
    const prefix = randomUUID();
    return {
      open: (instance) => open(prefix, { instance }),
      names: () => server.keys(prefix),
      lose: (name) => server.lose(`${prefix}/${name}`),
      remove: async () => undefined,
    };
  },
  NO_S3,
);

describe('a spool in a bucket', { skip: NO_S3 ?? false }, () => {
  let prefix: string;
  beforeEach(() => {
    prefix = randomUUID();
    server.fault = null;
  });

  /** Opens the place as two nodes. */
  async function nodes(): Promise<readonly [SpoolPlace, SpoolPlace]> {
    return [await open(prefix), await open(prefix)];
  }

  it('is refused at the start if the bucket is missing, or access is denied', async () => {
    const missing = { name: 'SettingError', message: /THENA_SPOOL_URL.*404 NoSuchBucket/ };
    await assert.rejects(open(prefix, { bucket: 'missing' }), missing);
    process.env.AWS_ACCESS_KEY_ID = 'WRONG';
    try {
      const refused = await open(prefix).catch((error: Error) => error);
      assert.match(String(refused), /SettingError: .*403 InvalidAccessKeyId.*permissions/);
      assert.doesNotMatch(String(refused), /WRONG|S3RVER/);
    } finally {
      Object.assign(process.env, S3_KEYS);
    }
  });

  it('retries requests that the server fails at now and then', async () => {
    const [a, b] = await nodes();
    let requests = 0;
    server.fault = ({ method }) => {
      requests++;
      if (requests % 4 === 1) return 500;
      return requests % 4 === 2 && method !== 'DELETE' ? 'break' : null;
    };
    const upload = await write(a, newUploadId(), ['a\n']);
    assert.equal(await read(b, upload), 'a\n');
    await b.spool.remove(upload);
    assert.ok(requests > 4);
    server.fault = null;
    assert.deepEqual(server.keys(prefix), []);
  });

  it('continues to read where the connection broke', async () => {
    const [a, b] = await nodes();
    const long = `${'x'.repeat(3_000_000)}\n`;
    const upload = await write(a, newUploadId(), [long]);
    const ranges: (string | undefined)[] = [];
    server.fault = ({ method, headers, socket }) => {
      if (method !== 'GET') return null;
      ranges.push(headers.range);
      // Paused after the first bytes, then gone.
      if (ranges.length === 1) setTimeout(() => socket.destroy(), 30);
      return null;
    };
    assert.equal(await read(b, upload), long);
    assert.equal(ranges[0], undefined);
    assert.ok(ranges.length === 1 || /^bytes=\d+-$/.test(ranges[1] ?? 'bytes=0-'));
  });

  it('waits for a server that is killed in the middle of an upload and started again', async () => {
    const [a, b] = await nodes();
    await server.kill();
    const writing = write(a, newUploadId(), ['a\n']);
    await sleep(300);
    await server.start();
    const upload = await writing;
    assert.equal(await read(b, upload), 'a\n');
  });

  it('fails with a problem that a client may retry while the bucket cannot be reached', async () => {
    const [a, b] = await nodes();
    const upload = await write(a, newUploadId(), ['a\n']);
    server.fault = () => 503;
    const [writing, holding, opening] = await Promise.all([
      codeOf(write(a, newUploadId(), ['b\n'])),
      codeOf(b.spool.hold(upload)),
      codeOf(b.rejectFiles.open(upload.id, 'csv')),
    ]);
    assert.deepEqual([writing, holding, opening], Array(3).fill('spool_unavailable'));
    server.fault = null;
    assert.equal(await read(b, upload), 'a\n');
  });

  it('keeps leftovers in mind that could not be removed', async () => {
    const [a] = await nodes();
    const upload = await write(a, newUploadId(), ['a\n']);
    server.fault = ({ method }) => (method === 'DELETE' ? 403 : null);
    assert.equal(await codeOf(a.spool.remove(upload)), 'spool_unavailable');
    server.fault = null;
    await a.spool.removeLeftovers();
    assert.deepEqual(server.keys(prefix), []);
  });

  it('keeps copies on the node within THENA_SPOOL_CACHE, but never removes those in use', async () => {
    const node = newNode();
    const place = await open(prefix, { node, cacheBytes: 10 });
    const copies = (): number => readdirSync(join(node, 'spool-cache/spool')).length;
    const first = await write(place, newUploadId(), ['1234\n']);
    const release = await place.spool.hold(first);
    const second = await write(place, newUploadId(), ['5678\n']);
    assert.equal(copies(), 2);
    const third = await write(place, newUploadId(), ['9012\n']);
    assert.equal(copies(), 2, 'the second is gone');
    const [segment] = place.spool.locate(first.file?.segments ?? []);
    assert.equal(readFileSync(segment?.path ?? '', 'utf8'), '1234\n');
    release();
    assert.equal(await read(place, second), '5678\n');
    assert.equal(await read(place, third), '9012\n');
    assert.equal(copies(), 2);
  });

  it('trusts no copies of a process that died', async () => {
    const node = newNode();
    const before = await open(prefix, { node });
    const upload = await write(before, newUploadId(), ['a\n']);
    const [segment] = before.spool.locate(upload.file?.segments ?? []);
    // Never fsynced, so that after a power cut the file may have other bytes.
    const after = await open(prefix, { node });
    assert.throws(() => readFileSync(segment?.path ?? ''), { code: 'ENOENT' });
    assert.equal(await read(after, upload), 'a\n');
  });

  it('refuses an object of another size', async () => {
    const [a, b] = await nodes();
    const upload = await write(a, newUploadId(), ['a\n']);
    const segments = upload.file?.segments.map((segment) => ({ ...segment, bytes: 3 })) ?? [];
    assert.equal(await codeOf(b.spool.hold({ id: upload.id, file: { segments } })), 'upload_bytes_missing');
  });
});
