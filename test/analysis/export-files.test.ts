import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { ExportFiles } from '../../src/analysis/export-files.ts';
import type { PreparedExport } from '../../src/analysis/table-exports.ts';
import { customerId } from '../builders.ts';
import { until } from '../until.ts';

const never = new AbortController().signal;

describe('files of exports', () => {
  let folder: string;
  let files: ExportFiles;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'thena-files-'));
    files = new ExportFiles({ exportDirectory: folder, diskReserveBytes: 0 });
  });
  afterEach(async () => {
    await files.close();
    mock.timers.reset();
    assert.equal(openFiles(), 0);
    rmSync(folder, { recursive: true });
  });

  /** Files of the folder that this process has open, with or without a name. */
  function openFiles(): number {
    return readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  }

  function exportOf(
    identity: string,
    chunks: () => AsyncGenerator<Uint8Array, void>,
    isCurrent = async () => true,
    customer = 'a',
  ): PreparedExport {
    return {
      customerId: customerId(customer),
      version: 1,
      changedAt: null,
      identity,
      isCurrent,
      begin: async () => ({ first: Buffer.from(`${identity}:`), rest: chunks() }),
    };
  }

  async function* two(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('12');
    yield Buffer.from('34');
  }

  const skip = process.platform !== 'linux' && 'looks at /proc';

  it('are read in parts, and identified by their bytes', { skip }, async () => {
    const file = await files.open(exportOf('a', two), never);
    assert.equal(file.length, 6);
    assert.equal(String(await buffer(file.read(0, 6))), 'a:1234');
    assert.equal(String(await buffer(file.read(2, 4))), '12');
    assert.deepEqual([readdirSync(folder), openFiles()], [[], 1]);
    const again = new ExportFiles({ exportDirectory: folder, diskReserveBytes: 0 });
    const same = await again.open(exportOf('a', two), never);
    const other = await again.open(exportOf('b', two), never);
    assert.deepEqual([same.digest === file.digest, other.digest === file.digest], [true, false]);
    await again.close();
  });

  it('are at most 16, of which those that are being read are kept', { skip }, async () => {
    const first = await files.open(exportOf('first', two), never);
    const reading = first.read(0, first.length);
    for (let count = 0; count < 30; count++) await files.open(exportOf(`${count}`, two), never);
    assert.ok(openFiles() <= 16, `${openFiles()} files are open`);
    assert.equal(String(await buffer(reading)), 'first:1234');
    assert.deepEqual([files.has('0'), files.has('29')], [false, true]);
  });

  it('are not all held by the slow clients of one customer', { skip }, async () => {
    const held = [];
    for (let count = 0; count < 8; count++) {
      const file = await files.open(exportOf(`slow ${count}`, two), never);
      held.push(file.read(0, file.length));
    }
    const more = () => files.open(exportOf('more', two), never);
    await assert.rejects(more, { code: 'too_many_exports' });
    await files.open(
      exportOf('of another customer', two, async () => true, 'b'),
      never,
    );
    assert.equal(String(await buffer(held[0] ?? assert.fail())), 'slow 0:1234');
    await more();
    for (const part of held) part.destroy();
  });

  it('are closed when the table has changed, and after five minutes', { skip }, async () => {
    mock.timers.enable({ apis: ['setInterval', 'Date'] });
    let isCurrent = true;
    await files.open(
      exportOf('changed', two, async () => isCurrent),
      never,
    );
    await files.open(exportOf('same', two), never);
    mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(openFiles(), 2);
    isCurrent = false;
    mock.timers.tick(10_000);
    await until(() => openFiles() === 1);
    assert.deepEqual([files.has('changed'), files.has('same')], [false, true]);
    mock.timers.tick(5 * 60_000);
    await until(() => openFiles() === 0);
  });

  it('are not kept if the export fails or every client has disconnected', { skip }, async () => {
    async function* failing(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('1');
      throw new Error('undone');
    }
    await assert.rejects(files.open(exportOf('failing', failing), never), /undone/);
    let isEnded = false;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield Buffer.from('x');
        }
      } finally {
        isEnded = true;
      }
    }
    const leaving = [new AbortController(), new AbortController()];
    const prepared = exportOf('endless', endless);
    // As in `TableExports`, where the signal ends the chunks.
    const began = {
      ...prepared,
      begin: async (signal: AbortSignal) => {
        const started = await prepared.begin(signal);
        signal.addEventListener('abort', () => void started.rest.return());
        return started;
      },
    };
    const opened = leaving.map(({ signal }) => files.open(began, signal));
    leaving[0]?.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(isEnded, false, 'another request waits for it');
    leaving[1]?.abort();
    for (const each of opened) await assert.rejects(each);
    assert.equal(isEnded, true);
    assert.equal(openFiles(), 0);
  });
});
