import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { call } from '../server.ts';
import { startThenaProcess } from '../thena-process.ts';

const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

/** The system calls that write, of main and engine, up to the answer to one upload and after it. */
class Trace {
  readonly #lines: readonly string[];
  readonly answered: number;

  constructor(lines: readonly string[], status: number) {
    this.#lines = lines;
    this.answered = lines.findIndex((line) => line.includes(`HTTP/1.1 ${status}`));
    assert.ok(this.answered >= 0, 'there is no answer in the trace');
  }

  firstWrite(path: string): number {
    return this.#found(
      `write to ${path}`,
      this.#lines.findIndex((line) => /\bp?write(v|64)?\(/.test(line) && line.includes(`${path}>`)),
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

/** Uploads a file to a Thena whose calls are written down. */
async function traced(prefer: string): Promise<{ readonly trace: Trace; readonly uploadId: string }> {
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
    const url = `${thena.url}/api/v1/customers/durable/uploads`;
    const reply = await call(url, { method: 'PUT', body: 'a,b\n1,2\n', headers: { prefer } });
    // To Thena itself: strace does not pass on the signals that it gets.
    spawnSync('pkill', ['-TERM', '-P', String(thena.child.pid)]);
    await thena.end('SIGTERM');
    return { trace: new Trace(readFileSync(log, 'utf8').split('\n'), reply.status), uploadId: reply.body.id };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// A killed process loses nothing that it wrote: only the system calls tell what a power cut would leave.
describe('what a power cut leaves', { skip: !hasStrace && 'needs strace' }, () => {
  it('before an upload is acknowledged its bytes, their names and the catalog are on disk, in this order', async () => {
    const { trace, uploadId } = await traced('wait=0');
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
    const { trace } = await traced('wait=10');
    const rows = trace.lastSync('durable.duckdb');
    const name = trace.lastSync('/tables');
    const catalog = trace.lastSync('catalog.sqlite-wal');
    assert.ok(trace.firstWrite('durable.duckdb') < name && name < catalog && rows < catalog);
  });
});
