import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bucket } from '../../../src/ingest/spool/bucket.ts';
import { parseBucketUrl } from '../../../src/ingest/spool/bucket-url.ts';
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

  it('forgets the segments that it has received and another node has removed', async () => {
    const [a, b] = await nodes();
    const [removed, kept] = [await write(a, newUploadId(), ['x\n']), await write(a, newUploadId(), ['y\n'])];
    await b.spool.remove(removed);
    await a.spool.removeUnneeded(async () => true);
    let requests = 0;
    server.fault = () => {
      requests++;
      return null;
    };
    await a.spool.remove(removed);
    assert.equal(requests, 0);
    // As long as the catalog does not name the segments, their node alone knows of them.
    await a.spool.remove({ id: kept.id, file: null });
    assert.deepEqual(server.keys(prefix), []);
  });

  it('is refused at the start if the bucket is missing, or access is denied', async () => {
    const missing = { name: 'SettingError', message: /THENA_SPOOL_URL.*404 NoSuchBucket/ };
    await assert.rejects(open(prefix, { bucket: 'missing' }), missing);
    process.env.AWS_ACCESS_KEY_ID = 'WRONG';
    try {
      const refused = await open(prefix).catch((error: Error) => error);
      assert.match(String(refused), /SettingError: .*403 InvalidAccessKeyId.*permissions/);
      assert.doesNotMatch(String(refused), /WRONG|S3RVER/);
      delete process.env.AWS_ACCESS_KEY_ID;
      // The address at which machines of AWS find theirs.
      process.env.AWS_EC2_METADATA_DISABLED = 'true';
      await assert.rejects(open(prefix), { name: 'SettingError', message: /no credentials.*AWS_ACCESS_KEY_ID/ });
    } finally {
      delete process.env.AWS_EC2_METADATA_DISABLED;
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
    server.fault = ({ method, headers }) => {
      if (method !== 'GET') return null;
      ranges.push(headers.range);
      return ranges.length <= 2 ? 'cut' : null;
    };
    assert.equal(await read(b, upload), long);
    assert.equal(ranges.length, 3);
    assert.equal(ranges[0], undefined);
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));
    assert.ok(0 < (starts[0] ?? 0) && (starts[0] ?? 0) < (starts[1] ?? 0), `${ranges}`);
  });

  it('writes a large object in parts, and none of it if a part fails', async () => {
    const path = join(newNode(), 'large');
    const size = 8_000_000;
    writeFileSync(path, '');
    truncateSync(path, size);
    const bucket = await Bucket.open(parseBucketUrl(new URL(server.url(prefix))), { partBytes: 5 * 1024 * 1024 });
    server.fault = ({ method, url }) => (method === 'PUT' && /partNumber=2/.test(url ?? '') ? 403 : null);
    assert.equal(await codeOf(bucket.put('large', path)), 'spool_unavailable');
    assert.equal(await bucket.sizeOf('large'), null);
    server.fault = null;
    await bucket.put('large', path);
    assert.equal(await bucket.sizeOf('large'), size);
    bucket.close();
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
    // A folder and a file of a few bytes take 8 KiB of a disk.
    const place = await open(prefix, { node, cacheBytes: 16 * 1024 });
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

  it('refuses a URL with anything that it does not know', () => {
    for (const url of [
      's3://b/p',
      's3://bucket?key=x',
      's3://bucket?region=a&region=b',
      's3://bucket?endpoint=ftp://h',
    ]) {
      assert.throws(() => parseBucketUrl(new URL(url)), { name: 'SettingError', message: /Invalid THENA_SPOOL_URL: / });
    }
    const withKey = 's3://bucket?endpoint=https://user:secret@host';
    assert.throws(
      () => parseBucketUrl(new URL(withKey)),
      (error: Error) => !/secret/.test(error.message),
    );
    assert.deepEqual(parseBucketUrl(new URL('s3://my-bucket/a/b/?region=eu-central-1')), {
      bucket: 'my-bucket',
      prefix: 'a/b/',
      region: 'eu-central-1',
      endpoint: null,
    });
  });

  it('refuses an object of another size', async () => {
    const [a, b] = await nodes();
    const upload = await write(a, newUploadId(), ['a\n']);
    const segments = upload.file?.segments.map((segment) => ({ ...segment, bytes: 3 })) ?? [];
    assert.equal(await codeOf(b.spool.hold({ id: upload.id, file: { segments } })), 'upload_bytes_missing');
  });
});
