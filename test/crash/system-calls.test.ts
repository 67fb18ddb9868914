import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { begin, idOf, send } from '../http/tus-requests.ts';
import { call } from '../server.ts';

const TABLE_FILE = /durable_[0-9a-f]{12}\.duckdb>/;
const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

/** The writing system calls of main and engine, before and after one answer. */
class Trace {
  readonly #lines: readonly string[];
  readonly answered: number;

  /** @param nth which of the answers with that status */
  constructor(lines: readonly string[], status: number, nth = 1) {
    this.#lines = lines;
    const answers = [...lines.keys()].filter((at) => lines[at]?.includes(`HTTP/1.1 ${status}`));
    this.answered = answers[nth - 1] ?? -1;
    assert.ok(this.answered >= 0, 'the trace has no such answer');
  }

  firstWrite(path: string | RegExp): number {
    return this.#found(
      `write to ${path}`,
      this.#lines.findIndex((line) => /\bp?write(v|64)?\(/.test(line) && isOf(path, line)),
    );
  }

  lastWrite(path: string | RegExp): number {
    return this.#found(
      `write to ${path}`,
      this.#lines.findLastIndex(
        (line, at) => at < this.answered && /\bp?write(v|64)?\(/.test(line) && isOf(path, line),
      ),
    );
  }

  /** The last fsync of the path before the answer. */
  lastSync(path: string | RegExp): number {
    return this.#found(
      `fsync of ${path}`,
      this.#lines.findLastIndex((line, at) => at < this.answered && isSync(line) && isOf(path, line)),
    );
  }

  #found(what: string, at: number): number {
    assert.ok(at >= 0, `no ${what} before the answer; these were synced:\n${this.#lines.filter(isSync).join('\n')}`);
    return at;
  }
}

/** @param path the end of a path, or a pattern that matches it */
function isOf(path: string | RegExp, line: string): boolean {
  return typeof path === 'string' ? line.includes(`${path}>`) : path.test(line);
}

function isSync(line: string): boolean {
  return /\b(fsync|fdatasync)\(/.test(line);
}

/** Runs work against a server while its system calls are traced. */
async function traced<T>(
  work: (url: string) => Promise<T>,
): Promise<{ readonly lines: readonly string[]; readonly done: T }> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-calls-'));
  const log = join(folder, 'calls');
  const calls = 'trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg';
  try {
    const thena = await startThenaProcess(join(folder, 'data'), [
      'strace',
      '-f',
      '-y',
      '-s',
      '40',
      '-e',
      calls,
      '-o',
      log,
    ]);
    const done = await work(thena.url);
    // To the server itself, since strace does not forward signals.
    spawnSync('pkill', ['-TERM', '-P', String(thena.child.pid)]);
    await thena.end('SIGTERM');
    return { lines: readFileSync(log, 'utf8').split('\n'), done };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tracedUpload(prefer: string): Promise<{ readonly trace: Trace; readonly uploadId: string }> {
  const { lines, done } = await traced((url) =>
    call(`${url}/api/v1/customers/durable/uploads`, { method: 'PUT', body: 'a,b\n1,2\n', headers: { prefer } }),
  );
  return { trace: new Trace(lines, done.status), uploadId: done.body.id };
}

// A killed process loses nothing that it wrote: only its system calls show what would survive a power cut.
describe('what survives a power cut', { skip: !hasStrace && 'needs strace' }, () => {
  it('includes the bytes of an upload, their names and the catalog before the 202, synced in this order', async () => {
    const { trace, uploadId } = await tracedUpload('wait=0');
    const upload = new RegExp(`spool/${uploadId}\\.[-0-9a-f]+>`);
    const segment = new RegExp(`spool/${uploadId}\\.[-0-9a-f]+/000000\\.csv>`);
    const parent = trace.lastSync('/spool');
    const written = trace.firstWrite(segment);
    const contents = trace.lastSync(segment);
    const name = trace.lastSync(upload);
    const catalog = trace.lastSync('catalog.sqlite-wal');
    assert.ok(parent < written, 'the name of the upload folder is not durable when its segment is written');
    assert.ok(written < contents && contents < name && name < catalog && catalog < trace.answered);
  });

  it('includes the rows of an upload, the name of their file and the catalog before it is complete', async () => {
    const { trace } = await tracedUpload('wait=10');
    const rows = trace.lastSync(TABLE_FILE);
    const name = trace.lastSync('/tables');
    const catalog = trace.lastSync('catalog.sqlite-wal');
    assert.ok(trace.firstWrite(TABLE_FILE) < name && name < catalog && rows < catalog);
  });

  it('includes the bytes of a resumable file and its description before they are acknowledged', async () => {
    const { lines, done: id } = await traced(async (url) => {
      const begun = await begin(url, 8, { customer_id: 'chunks' });
      const address = url + begun.headers.get('location');
      for (const [offset, text] of [
        [0, 'a,b\n'],
        [4, '1,2\n'],
      ] as const) {
        assert.equal((await send(address, offset, Buffer.from(text))).status, 204);
      }
      return idOf(address);
    });
    const begun = new Trace(lines, 201);
    assert.ok(begun.lastSync('catalog.sqlite-wal') < begun.answered);
    const chunk = new Trace(lines, 204);
    const bytes = new RegExp(`resumable/${id}/[-0-9a-f]+>`);
    const folder = chunk.lastSync('/resumable');
    const written = chunk.lastWrite(bytes);
    const synced = chunk.lastSync(bytes);
    const name = chunk.lastSync(`resumable/${id}`);
    const listed = chunk.lastSync('catalog.sqlite-wal');
    assert.ok(begun.answered < folder && folder < written && written < synced, 'the bytes have no durable folder');
    assert.ok(synced < name && name < listed && listed < chunk.answered);
    const last = new Trace(lines, 204, 2);
    const contents = last.lastSync(new RegExp(`spool/${id}\\.[-0-9a-f]+/000000\\.csv>`));
    const catalog = last.lastSync('catalog.sqlite-wal');
    assert.ok(chunk.answered < contents && contents < catalog && catalog < last.answered);
  });
});
