import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickhouseServers } from '../../../src/table-store/clickhouse/clickhouse-servers.ts';

const CONNECT_MS = 500;
const LISTEN = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;

it('a ClickHouse server is given up that no packet reaches', {
  skip: process.platform !== 'linux' && 'the queue of a stopped server takes more connections',
}, async () => {
  const server = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const queued: Socket[] = [];
  try {
    const port = Number(String((await once(server.stdout, 'data'))[0]));
    // Once the queue of a server that accepts nothing is full, packets for further connections are dropped.
    server.kill('SIGSTOP');
    for (let tries = 0; tries < 4; tries++) queued.push(connect(port, '127.0.0.1').on('error', () => undefined));
    await sleep(200);
    for (const scheme of ['http', 'https']) {
      const servers = new ClickhouseServers({
        urls: [`${scheme}://127.0.0.1:${port}`],
        cluster: null,
        connectMs: CONNECT_MS,
      });
      const began = performance.now();
      await assert.rejects(servers.reader.run('SELECT 1'), {
        reason: 'unavailable',
        message: new RegExp(`127\\.0\\.0\\.1:${port} does not answer: no connection within ${CONNECT_MS} ms`),
      });
      assert.ok(performance.now() - began < CONNECT_MS + 2_000);
      await servers.close();
    }
  } finally {
    for (const socket of queued) socket.destroy();
    server.kill('SIGKILL');
  }
});
