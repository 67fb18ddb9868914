import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { readConfig } from '../../src/config.ts';
import type { MoveProgress } from '../../src/move/move-sides.ts';
import { runMove } from '../../src/move-services.ts';
import { begin, idOf, send } from '../http/tus-requests.ts';
import { call, put, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { ADMIN, everything, get, moves, SETTINGS } from './moves.ts';
import { NO_CLUSTER } from './start-cluster.ts';

/** All types, their edges, a column that is widened twice and one without values. */
const EDGES = [
  'at,n,flag,note,never\n2024-01-01 00:00:00.000001,9007199254740992,true,"a ""b"", c",\n0001-01-01 00:00:00,-9007199254740992,false,,\n,0,,ä😀,\n',
  'at,n,flag,note,never\n2024-01-02 00:00:00,1.5,true,x,\n9999-12-31 23:59:59.999999,-0.0,false,y,\n2024-01-01 00:00:00,NaN,,"two\nlines",\n',
];

interface Made {
  readonly customerKey: string;
  readonly undoable: string;
  readonly failed: string;
  readonly resumable: string;
}

describe('a move', { skip: NO_CLUSTER ?? false, timeout: 300_000 }, () => {
  const made = moves();
  const { dataDir, start, move, onMachine, onCluster } = made;

  /** Fills a Thena with everything that can be moved. */
  async function fill(thena: RunningThena): Promise<Made> {
    const api = `${thena.url}/api/v1`;
    const load = async (customer: string, csv: string, query = '') =>
      (await put(thena.url, customer, csv, { ...WAIT, ...ADMIN }, query)).body;
    for (const id of ['empty', 'large', 'small', 'whole']) {
      await call(`${api}/customers`, { json: { id, time_column: 'at' }, headers: ADMIN });
    }
    const { body } = await call(`${api}/customers`, { json: { id: 'edges' }, headers: ADMIN });
    await call(`${api}/customers/edges/webhooks`, { json: { url: 'http://127.0.0.1:9/hook' }, headers: ADMIN });
    for (const csv of EDGES) {
      const loaded = await load('edges', csv);
      assert.equal(loaded.status, 'complete', JSON.stringify(loaded));
    }
    const widened = await load('edges', EDGES[0]?.replace('9007199254740992', 'text') ?? '', '?widen=text');
    assert.equal(widened.status, 'complete', JSON.stringify(widened));
    const undone = await load('edges', EDGES[1] ?? '');
    await call(`${api}/uploads/${undone.id}`, { method: 'DELETE', headers: ADMIN });
    const failed = await load('edges', `${EDGES[1]}soon,x,y,z,\n`);
    assert.equal(failed.error?.code, 'rows_rejected', JSON.stringify(failed));
    assert.equal(
      (await load('whole', 'at,n\n2024-01-01,9223372036854775807\n2024-01-01,-9223372036854775808\n')).status,
      'complete',
    );
    for (let upload = 0; upload < 20; upload++) await load('small', `at,n\n2024-01-01,${upload}\n`);
    const rows = Array.from({ length: 300_000 }, (_, row) => `2024-01-01,${row},note ${row % 100}\n`);
    assert.equal((await load('large', `at,n,note\n${rows.join('')}`)).status, 'complete');
    const bytes = Buffer.from(EDGES[0] ?? '');
    const resumable = await begin(thena.url, bytes.length, { customer_id: 'edges' }, ADMIN);
    assert.equal(resumable.status, 201, JSON.stringify(resumable.body));
    const path = resumable.headers.get('location') ?? '';
    assert.equal((await send(thena.url + path, 0, bytes.subarray(0, 50), ADMIN)).status, 204);
    return { customerKey: body.api_key.key, undoable: widened.id, failed: failed.id, resumable: path };
  }

  it('into a cluster and back keeps every answer, and what can be done with uploads', async () => {
    const from = dataDir();
    const source = await onMachine(from);
    const filled = await fill(source);
    const before = await everything(source);
    assert.equal((await move('--from', from)).code, 2, 'while the source is used');
    await source.stop();

    const first = await move('--from', from);
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /^large: 300000 rows$/m);
    const node = await onCluster();
    try {
      assert.deepEqual(await everything(node), before);
      assert.equal(
        (
          await call(`${node.url}/api/v1/customers/edges/table`, {
            headers: { authorization: `Bearer ${filled.customerKey}` },
          })
        ).status,
        200,
      );
      const refused = await move('--to', dataDir());
      assert.equal(refused.code, 2, refused.output);
      assert.match(refused.output, /node.*only.*running/i);
    } finally {
      await node.stop();
    }

    const again = await move('--from', from);
    assert.equal(again.code, 2, again.output);
    assert.match(again.output, /needs an empty target/);

    const to = dataDir();
    const back = await move('--to', to);
    assert.equal(back.code, 0, back.output);
    const target = await onMachine(to);
    try {
      assert.deepEqual(await everything(target), before);
    } finally {
      await target.stop();
    }

    const continued = await onCluster();
    try {
      const api = `${continued.url}/api/v1`;
      const undone = await call(`${api}/uploads/${filled.undoable}`, { method: 'DELETE', headers: ADMIN });
      assert.equal(undone.body.status, 'undone');
      assert.equal((await get(continued, '/customers/edges/table')).columns[1].type, 'number');
      const rejects = await get(continued, `/uploads/${filled.failed}/rejects`);
      assert.equal(rejects.items[0].line, 6, JSON.stringify(rejects));
      const retried = await call(`${api}/uploads/${filled.failed}/retry?on_error=skip`, {
        method: 'POST',
        headers: { ...ADMIN, ...WAIT },
      });
      assert.equal(retried.body.status, 'complete', JSON.stringify(retried.body));
      const bytes = Buffer.from(EDGES[0] ?? '');
      assert.equal(
        (
          await call(`${continued.url}${filled.resumable}`, {
            method: 'HEAD',
            headers: { ...ADMIN, 'tus-resumable': '1.0.0' },
          })
        ).headers.get('upload-offset'),
        '50',
      );
      assert.equal((await send(continued.url + filled.resumable, 50, bytes.subarray(50), ADMIN)).status, 204);
      const finished = `/uploads/${idOf(filled.resumable)}`;
      await until(async () => (await get(continued, finished)).finished_at !== null);
      assert.equal((await get(continued, finished)).status, 'complete');
    } finally {
      await continued.stop();
    }
  });

  it('that is killed continues, and until it has ended, no node starts on its target', async () => {
    const from = dataDir();
    const source = await startThena({ THENA_DATA_DIR: from });
    for (const customer of ['c1', 'c2', 'c3', 'c4']) {
      const rows = Array.from({ length: 100_000 }, (_, row) => `2024-01-01,${row}\n`);
      await put(source.url, customer, `at,n\n${rows.join('')}`, WAIT);
    }
    await source.stop();
    const child = start(['--from', from]);
    let output = '';
    for await (const text of child.stdout ?? []) {
      output += text;
      if (/c2: 100000 rows/.test(output)) break;
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    await assert.rejects(startThena({ ...made.cluster, THENA_NODE_ID: 'early' }), /move.*has not ended/i);
    const other = await move('--from', dataDir());
    assert.equal(other.code, 2, other.output);
    const ends = await move('--from', from);
    assert.equal(ends.code, 0, ends.output);
    assert.match(ends.output, /^c1: moved before$/m);
    const node = await startThena({ ...made.cluster, THENA_NODE_ID: 'late' });
    for (const customer of ['c1', 'c2', 'c3', 'c4']) assert.equal(await totalRows(node.url, customer), 100_000);
    await node.stop();
  });

  it('reports how many rows of a customer the target has', async () => {
    const from = dataDir();
    const source = await onMachine(from);
    const files = [120_000, 120_000, 120_000].map((rows, file) =>
      Array.from({ length: rows }, (_, row) => `${file},${row}\n`).join(''),
    );
    await call(`${source.url}/api/v1/customers`, { json: { id: 'a' }, headers: ADMIN });
    for (const file of files) {
      const { body } = await put(source.url, 'a', `file,row\n${file}`, { ...WAIT, ...ADMIN });
      assert.equal(body.status, 'complete', JSON.stringify(body));
    }
    await call(`${source.url}/api/v1/customers`, { json: { id: 'b' }, headers: ADMIN });
    for (const letter of ['a', 'b']) {
      const { body } = await put(source.url, 'b', `text\n${`${letter.repeat(40_000)}\n`.repeat(1_000)}`, {
        ...WAIT,
        ...ADMIN,
      });
      assert.equal(body.status, 'complete', JSON.stringify(body));
    }
    await source.stop();
    const seen: MoveProgress[] = [];
    await runMove(
      readConfig({ ...SETTINGS, ...made.cluster }),
      { folder: from, into: 'cluster' },
      {
        report: () => Promise.resolve(),
        onProgress: (progress) => seen.push(progress),
        signal: new AbortController().signal,
      },
    );
    // Two of the files are copied together, and none of the texts, of which there may be more than fits into memory.
    assert.deepEqual(seen, [
      { customerId: 'a', rows: 240_000, totalRows: 360_000 },
      { customerId: 'a', rows: 360_000, totalRows: 360_000 },
      { customerId: 'b', rows: 1_000, totalRows: 2_000 },
      { customerId: 'b', rows: 2_000, totalRows: 2_000 },
    ]);
  });
});
