import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { startServices } from '../../src/services.ts';
import { analyze, call, type Reply } from '../server.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { begin, idOf, offsetOf, send } from './tus-requests.ts';

const ROWS = 100_000;
/** Values that do not repeat, so that the table is about as large as the file. */
function csv(number: number): Uint8Array<ArrayBuffer> {
  const rows = Array.from(
    { length: ROWS },
    (_, row) => `${((number * ROWS + row) * 2_654_435_761) % 1e12},${number}\n`,
  );
  return new Uint8Array(Buffer.from(`n,file\n${rows.join('')}`));
}

describe('if the disk fills up', () => {
  for (const [what, reserve] of [
    ['to the disk reserve', '512MiB'],
    ['to its last byte', '0'],
  ] as const) {
    it(`${what}, files are refused, none is lost, and they are accepted when there is space again`, async (t) => {
      const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]).status !== 0) {
        rmSync(disk, { recursive: true });
        return t.skip('needs the permission to mount a file system');
      }
      const dataDir = join(disk, 'data');
      writeFileSync(join(disk, 'other'), Buffer.alloc(20 * 1024 * 1024));
      const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir, THENA_DISK_RESERVE: reserve });
      const services = await startServices(config, () => undefined);
      const uploads = `${services.url}/api/v1/customers/full/uploads`;
      // Without a Content-Length: with one, the file would be refused before its first byte, and the disk never be full.
      const send = (number: number): Promise<Reply> =>
        call(uploads, { method: 'PUT', body: new Blob([csv(number)]).stream(), duplex: 'half' });
      // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
      const list = async (): Promise<any[]> => (await call(`${uploads}?limit=200`)).body.items;
      try {
        const acknowledged: string[] = [];
        let refused: Reply | null = null;
        while (refused === null) {
          const reply = await send(acknowledged.length);
          if (reply.status === 202) acknowledged.push(reply.body.id);
          else refused = reply;
          assert.ok(acknowledged.length < 100, 'the disk does not fill up');
          // Some are loaded while the next ones arrive, some before.
          if (acknowledged.length % 3 === 0) await sleep(300);
        }
        assert.deepEqual([refused.status, refused.body.code], [507, 'disk_full'], JSON.stringify(refused.body));
        assert.match(refused.headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.ok(refused.body.detail && refused.body.hint && refused.headers.has('retry-after'));
        assert.ok(acknowledged.length > 0);
        const known = (await list()).map(({ id }) => id);
        assert.deepEqual(known.toSorted(), acknowledged.toSorted(), 'the refused file left an upload');
        for (const id of spooledUploads(dataDir)) assert.ok(acknowledged.includes(id), id);

        rmSync(join(disk, 'other'));
        const again = await send(acknowledged.length);
        assert.equal(again.status, 202, JSON.stringify(again.body));
        acknowledged.push(again.body.id);
        let open = acknowledged.length;
        for (const until = Date.now() + 60_000; open > 0 && Date.now() < until; await sleep(100)) {
          open = (await list()).filter(({ finished_at }) => finished_at === null).length;
        }
        for (const { status, error, receipt } of await list()) {
          assert.deepEqual([status, receipt?.appended], ['complete', ROWS], JSON.stringify(error));
        }
        const total = (await analyze(services.url, 'full', 10001)).body.result;
        assert.deepEqual(total, { total_rows: acknowledged.length * ROWS });
      } finally {
        await services.close();
        spawnSync('umount', [disk]);
        rmSync(disk, { recursive: true });
      }
    });
  }

  it('during a resumable upload, its bytes are kept, and it resumes when there is space again', async (t) => {
    const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]).status !== 0) {
      rmSync(disk, { recursive: true });
      return t.skip('needs the permission to mount a file system');
    }
    const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: join(disk, 'data') });
    const services = await startServices(config, () => undefined);
    try {
      const bytes = Buffer.from(csv(1));
      const large = await begin(services.url, 30 * 1024 * 1024, { customer_id: 'full' });
      assert.deepEqual([large.status, large.body.code], [507, 'disk_full']);
      const begun = await begin(services.url, bytes.length, { customer_id: 'full' });
      const address = services.url + begun.headers.get('location');
      writeFileSync(join(disk, 'other'), Buffer.alloc(42 * 1024 * 1024));
      const full = await send(address, 0, bytes);
      assert.deepEqual([full.status, full.body.code], [507, 'disk_full']);
      assert.match(full.body.detail, /The bytes received so far are kept\.$/);
      rmSync(join(disk, 'other'));
      const offset = await offsetOf(address);
      assert.equal((await send(address, offset, bytes.subarray(offset))).status, 204);
      const uploadAt = `${services.url}/api/v1/uploads/${idOf(address)}`;
      while ((await call(uploadAt)).body.finished_at === null) await sleep(20);
      assert.equal((await call(uploadAt)).body.receipt.appended, ROWS);
    } finally {
      await services.close();
      spawnSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});
