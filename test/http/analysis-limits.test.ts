import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyze, call, type RunningThena, startThena, upload } from '../server.ts';
import { until } from '../until.ts';

const ROWS = 1_600_000;
const count = { fn: 'count' };

/** Distinct numbers, and texts that repeat. */
function numbers(rows: number): string {
  const lines = ['n,m,k,l,s'];
  for (let row = 0; row < rows; row++)
    lines.push(`${row},${(row * 7919) % 1_000_003}.5,${row % 97},${row % 5},text ${row % 50_021}`);
  return `${lines.join('\n')}\n`;
}

/** A slow query, which can be cancelled at any time. Another number makes it a different query. */
function slow(number: number): object {
  const or = Array.from({ length: 50 }, (_, each) => ({ column: 's', op: 'like', value: `%x${each}_${number}%y_` }));
  return { measures: [count], where: { or } };
}

describe('an expensive analysis', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({
      THENA_ANALYSIS_SECONDS: '3600',
      THENA_CONCURRENT_ANALYSES: '1',
      THENA_ENGINE_MEMORY: '96MiB',
    });
    const { body } = await upload(thena.url, 'a', numbers(ROWS));
    assert.equal(body.status, 'complete', JSON.stringify(body.error));
    await upload(thena.url, 'b', 'n\n1\n');
  });
  after(() => thena.close());

  const ask = (query: unknown, customer = 'a', signal: AbortSignal | null = null) =>
    call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query }, signal });
  const enginePid = () => {
    const started = thena.observations.findLast((each) => each.kind === 'engine_started');
    return started?.kind === 'engine_started' ? started.pid : 0;
  };
  /** Processor time of the engine, in clock ticks. */
  const worked = () => {
    const [, , ...fields] = readFileSync(`/proc/${enginePid()}/stat`, 'utf8').split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };

  it('is cancelled in the engine when the client disconnects, and frees its slot', {
    skip: existsSync('/proc/self/stat') ? false : 'requires /proc to measure the engine',
  }, async () => {
    const pid = enginePid();
    const sender = new AbortController();
    const asked = ask(slow(0), 'a', sender.signal);
    const start = worked();
    await until(() => worked() > start + 20);
    sender.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await until(async () => {
      const before = worked();
      await sleep(200);
      return worked() === before;
    });
    // The only slot is free again. If the query had continued, it would be taken for an hour.
    assert.deepEqual((await ask({ measures: [count] }, 'b')).body.result.rows, [[1]]);
    assert.equal(enginePid(), pid, 'the engine was restarted');
    assert.deepEqual(
      thena.observations.filter(({ kind }) => kind === 'request_failed' || kind === 'engine_stopped'),
      [],
    );
  });

  it('is refused if a hundred analyses of its customer are queued', async () => {
    const senders = new AbortController();
    const replies: number[] = [];
    const asked = Array.from({ length: 102 }, (_, index) =>
      ask(slow(index + 1), 'a', senders.signal).then(
        (reply) => {
          replies.push(reply.status);
          return reply;
        },
        () => null,
      ),
    );
    const refused = await Promise.race(asked);
    assert.deepEqual([refused?.status, refused?.body.code], [503, 'too_many_analyses']);
    assert.match(refused?.body.detail, /^Customer a has 100 waiting analyses\.$/);
    assert.equal(refused?.headers.get('retry-after'), '5');
    // Another customer can still queue.
    const other = ask({ measures: [count] }, 'b');
    senders.abort();
    await Promise.all(asked);
    assert.deepEqual(replies, [503]);
    assert.equal((await other).status, 200);
  });

  it('spills to disk if it exceeds the memory limit', async () => {
    const { status, body } = await ask({
      measures: [
        { fn: 'count_distinct', column: 'n' },
        { fn: 'count_distinct', column: 'm' },
      ],
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.result.rows, [[ROWS, 1_000_003]]);
  });

  it('is refused if it would exceed memory and disk', async () => {
    // Medians hold all values of their columns in memory.
    const medians = ['n', 'm', 'k', 'l'].map((column) => ({ fn: 'median', column }));
    const { status, body } = await ask({ measures: medians });
    assert.deepEqual([status, body.code], [422, 'analysis_too_large'], JSON.stringify(body));
    // The rows that match a condition are counted first.
    const few = await ask({ measures: medians, where: { column: 'n', op: '<', value: 5 } });
    assert.deepEqual(few.body.result?.rows, [[2, 15838.5, 2, 2]], JSON.stringify(few.body));
  });
});

/** 90,000 long texts. */
async function startWithTexts(seconds: string) {
  const thena = await startThena({ THENA_ANALYSIS_SECONDS: seconds });
  const long = 'x'.repeat(400);
  const lines = Array.from({ length: 90_000 }, (_, row) => `${row}${long}\n`);
  assert.equal((await upload(thena.url, 'a', `s\n${lines.join('')}`)).body.status, 'complete');
  const ask = (query: unknown) => call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'a', query } });
  return { thena, ask };
}

it('ends an analysis whose result is too large', async () => {
  const { thena, ask } = await startWithTexts('60');
  try {
    const large = await ask({ group_by: ['s'], order_by: [{ column: 's', direction: 'desc' }] });
    assert.deepEqual(
      [large.status, large.body.code],
      [422, 'result_too_large'],
      JSON.stringify(large.body).slice(0, 300),
    );
    assert.match(large.body.detail, /33554432 bytes/);
    assert.equal((await ask({ group_by: ['s'], limit: 1000 })).body.result.rows.length, 1000);
    assert.ok(!thena.observations.some(({ kind }) => kind === 'engine_stopped' || kind === 'request_failed'));
  } finally {
    await thena.close();
  }
});

it('ends an analysis that takes too long', async () => {
  const { thena, ask } = await startWithTexts('1');
  try {
    const late = await ask(slow(0));
    assert.deepEqual([late.status, late.body.code], [504, 'analysis_timeout'], JSON.stringify(late.body));
    assert.ok(!thena.observations.some(({ kind }) => kind === 'engine_stopped' || kind === 'request_failed'));
  } finally {
    await thena.close();
  }
});

it('profiles more columns than fit into memory at once', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `column ${index}`);
  const thena = await startThena({ THENA_MAX_COLUMNS: '300' });
  try {
    const rows = [0, 1, 2].map((row) => names.map((_, index) => (index % 2 === 0 ? index + row : `${index}x`)));
    await upload(thena.url, 'wide', [names, ...rows].map((row) => row.join(',')).join('\n'));
    const { status, body } = await analyze(thena.url, 'wide', 'profile');
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    const { columns } = body.result;
    assert.deepEqual(
      columns.map(({ name, min, max, distinct, nulls, quartiles }: Record<string, unknown>) => {
        return [name, min, max, distinct, nulls, quartiles];
      }),
      names.map((name, index) =>
        index % 2 === 0
          ? [name, index, index + 2, 3, 0, { q1: index + 0.5, median: index + 1, q3: index + 1.5 }]
          : [name, `${index}x`, `${index}x`, 1, 0, null],
      ),
    );
    assert.ok(!thena.observations.some(({ kind }) => kind === 'engine_stopped'));
  } finally {
    await thena.close();
  }
});
