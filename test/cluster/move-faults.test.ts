import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { put, startThena, WAIT } from '../server.ts';
import { type Fault, type FaultProxy, faultProxy } from './fault-proxy.ts';
import { everything, moves } from './moves.ts';
import { NO_CLUSTER } from './start-cluster.ts';

/** Two files of a copy. */
const ROWS = 250_100;

describe('a move through a proxy', { skip: NO_CLUSTER ?? false, timeout: 300_000 }, () => {
  const made = moves();
  const proxies: FaultProxy[] = [];
  afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.close())));

  /** @param faultOf is asked for each insert into the table of a customer */
  async function behindProxies(faultOf: (insert: string) => Fault | null): Promise<void> {
    const urls = (made.cluster.THENA_CLICKHOUSE_URL ?? '').split(',').map((url) => new URL(url));
    for (const url of urls) {
      const proxy = await faultProxy(Number(url.port), (sql) => (/^INSERT INTO `c/.test(sql) ? faultOf(sql) : null));
      proxies.push(proxy);
      url.port = `${proxy.port}`;
    }
    made.cluster = { ...made.cluster, THENA_CLICKHOUSE_URL: urls.join(',') };
  }

  async function filled() {
    const from = made.dataDir();
    const source = await startThena({ THENA_DATA_DIR: from });
    const rows = Array.from({ length: ROWS }, (_, row) => `2024-01-01,${row},note ${row % 7}\n`);
    for (const csv of [`at,n,note\n${rows.join('')}`, 'at,n,note\n2025-01-01,1,x\n2026-01-01,,\n', 'at,n,note\n,2,y\n'])
      assert.equal((await put(source.url, 'c', csv, WAIT)).body.status, 'complete');
    const before = await everything(source).finally(() => source.stop());
    return { from, before };
  }

  it('that repeats inserts has each row once', async () => {
    const { from, before } = await filled();
    let inserts = 0;
    await behindProxies(() => {
      inserts++;
      return 'repeated';
    });
    const ended = await made.move('--from', from);
    assert.equal(ended.code, 0, ended.output);
    assert.equal(inserts, 3, 'two for the large upload, and one for the others');
    const node = await startThena(made.cluster);
    assert.deepEqual(await everything(node).finally(() => node.stop()), before);
  });

  it('that loses the answers of inserts, or cuts them, ends with a clear error, and continues', async () => {
    const { from, before } = await filled();
    const faults: Fault[] = ['answer_lost', 'cut', 'bad_gateway', 'repeated'];
    await behindProxies(() => faults.shift() ?? null);
    for (const reason of [/does not answer/, /ClickHouse/, /a proxy answered 502/]) {
      const failed = await made.move('--from', from);
      assert.equal(failed.code, 1, failed.output);
      assert.match(failed.output, /^Thena: The move failed: .* The same command continues it\.$/m);
      assert.match(failed.output, reason);
    }
    const ended = await made.move('--from', from);
    assert.equal(ended.code, 0, ended.output);
    assert.deepEqual(faults, []);
    const node = await startThena(made.cluster);
    assert.deepEqual(await everything(node).finally(() => node.stop()), before);
  });
});
