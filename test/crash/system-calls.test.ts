import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { call } from '../server.ts';
import { startThenaProcess } from '../thena-process.ts';

const hasStrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0;

// A killed process loses nothing that it wrote: only the system calls tell what a power cut would leave.
describe('before an upload is acknowledged', { skip: !hasStrace && 'needs strace' }, () => {
  it('its bytes, their names and the catalog are on disk, in this order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thena-calls-'));
    const log = join(folder, 'calls');
    const calls = 'trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg';
    const strace = ['strace', '-f', '-y', '-s', '40', '-e', calls, '-o', log];
    try {
      const thena = await startThenaProcess(join(folder, 'data'), strace);
      const reply = await call(`${thena.url}/api/v1/customers/durable/uploads`, {
        method: 'PUT',
        body: 'a,b\n1,2\n',
      });
      assert.equal(reply.status, 202);
      // To Thena itself: strace does not pass on the signals that it gets.
      spawnSync('pkill', ['-TERM', '-P', String(thena.child.pid)]);
      await thena.end('SIGTERM');
      const lines = readFileSync(log, 'utf8').split('\n');
      const upload = `spool/${reply.body.id}`;
      const isSync = (line: string): boolean => /\b(fsync|fdatasync)\(/.test(line);
      /** The first line after `from` that does this. */
      const next = (what: string, from: number, test: (line: string) => boolean): number => {
        const at = lines.findIndex((line, index) => index > from && test(line));
        assert.ok(at >= 0, `no ${what} after line ${from} of\n${lines.filter(isSync).join('\n')}`);
        return at;
      };
      const answered = next('202', 0, (line) => line.includes('HTTP/1.1 202'));
      const last = (what: string, test: (line: string) => boolean): number => {
        const at = lines.findLastIndex((line, index) => index < answered && test(line));
        assert.ok(at >= 0, `no ${what} before the answer, only\n${lines.filter(isSync).join('\n')}`);
        return at;
      };
      const catalog = last('fsync of the catalog', (line) => isSync(line) && line.includes('catalog.sqlite-wal'));
      const name = last('fsync of the folder', (line) => isSync(line) && line.includes(`${upload}>`));
      const contents = last('fsync of the segment', (line) => isSync(line) && line.includes(`${upload}/000000.csv>`));
      const parent = last('fsync of the spool', (line) => isSync(line) && line.includes('/spool>'));
      const written = next('write', 0, (line) => /\bp?writev?/.test(line) && line.includes(`${upload}/000000.csv>`));
      assert.ok(parent < written, 'the folder of the upload has no lasting name when its segment is written');
      assert.ok(written < contents && contents < name && name < catalog && catalog < answered);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
