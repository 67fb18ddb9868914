import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { begin, idOf, send } from '../http/tus-requests.ts';
import { call } from '../server.ts';

const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

/** The system calls that write, of main and engine, up to the answer to one upload and after it. */
class Trace {
  readonly #lines: readonly string[];
  readonly answered: number;

  /** @param nth which of the answers of that status is meant */
  constructor(lines: readonly string[], status: number, nth = 1) {
    this.#lines = lines;
    const answers = [...lines.keys()].filter((at) => lines[at]?.includes(`HTTP/1.1 ${status}`));
    this.answered = answers[nth - 1] ?? -1;
    assert.ok(this.answered >= 0, 'there is no answer in the trace');
  }

  firstWrite(path: string): number {
    return this.#found(
      `write to ${path}`,
      this.#lines.findIndex((line) => /\bp?write(v|64)?\(/.test(line) && line.includes(`${path}>`)),
    );
  }

  lastWrite(path: string): number {
    return this.#found(
      `write to ${path}`,
      this.#lines.findLastIndex(
        (line, at) => at < this.answered && /\bp?write(v|64)?\(/.test(line) && line.includes(`${path}>`),
      ),
    );
  }

  /** The last one before the answer. */
  lastSync(path: string): number {
    return this.#found(
      `fsync of ${path}`,
      this.#lines.findLastIndex((line, at) => at < this.answered && isSync(line) && line.includes(`${path}>`)),
    );
  }

  #found(what: string, at: number): number {
    assert.ok(at >= 0, `no ${what} before the answer; synced is only\n${this.#lines.filter(isSync).join('\n')}`);
    return at;
  }
}

function isSync(line: string): boolean {
  return /\b(fsync|fdatasync)\(/.test(line);
}

/** Does something to a Thena whose calls are written down, and gives them. */
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
    // To Thena itself: strace does not pass on the signals that it gets.
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

// A killed process loses nothing that it wrote: only the system calls tell what a power cut would leave.
describe('what a power cut leaves', { skip: !hasStrace && 'needs strace' }, () => {
  it('before an upload is acknowledged its bytes, their names and the catalog are on disk, in this order', async () => {
    const { trace, uploadId } = await tracedUpload('wait=0');
    const upload = `spool/${uploadId}`;
    const parent = trace.lastSync('/spool');
    const written = trace.firstWrite(`${upload}/000000.csv`);
    const contents = trace.lastSync(`${upload}/000000.csv`);
    const name = trace.lastSync(upload);
    const catalog = trace.lastSync('catalog.sqlite-wal');
    assert.ok(parent < written, 'the folder of the upload has no lasting name when its segment is written');
    assert.ok(written < contents && contents < name && name < catalog && catalog < trace.answered);
  });

  it('before an upload is told to be complete its rows, the name of their file and the catalog are on disk', async () => {
    const { trace } = await tracedUpload('wait=10');
    const rows = trace.lastSync('durable.duckdb');
    const name = trace.lastSync('/tables');
    const catalog = trace.lastSync('catalog.sqlite-wal');
    assert.ok(trace.firstWrite('durable.duckdb') < name && name < catalog && rows < catalog);
  });

  it('before bytes of a file in pieces are acknowledged they are on disk, and so is what they are of', async () => {
    const { lines, done: id } = await traced(async (url) => {
      const begun = await begin(url, 8, { customer_id: 'pieces' });
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
    const name = begun.lastSync('/resumable');
    assert.ok(begun.lastSync(`resumable/${id}.json.tmp`) < name && name < begun.answered);
    const piece = new Trace(lines, 204);
    const written = piece.lastWrite(`resumable/${id}.part`);
    const synced = piece.lastSync(`resumable/${id}.part`);
    assert.ok(begun.answered < written && written < synced && synced < piece.answered);
    const last = new Trace(lines, 204, 2);
    const contents = last.lastSync(`spool/${id}/000000.csv`);
    const catalog = last.lastSync('catalog.sqlite-wal');
    assert.ok(piece.answered < contents && contents < catalog && catalog < last.answered);
  });
});
