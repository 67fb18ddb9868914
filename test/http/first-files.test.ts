import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, put, type Reply, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

/** Small and large enough to be loaded while it arrives. */
const FILES = {
  integers: 'x,y\n1,2\n3,4\n',
  decimals: 'x,y\n1.5,2\n3.25,4\n',
  texts: 'x,y\na,b\nc,d\n',
  dates: 'x,y\n2024-01-31,2\n2024-02-01,4\n',
  empty: 'x,y\n,2\n,4\n',
  'other columns': 'p,q,r\n1,2,3\n4,5,6\n',
  'day first': 'x,y\n31/01/2024,1\n01/02/2024,2\n',
  'no rows': 'x,y\n',
  large: `x,y\n${Array.from({ length: 300_000 }, (_, n) => `${n},${n}\n`).join('')}`,
} as const;
type Name = keyof typeof FILES;
const NAMES = Object.keys(FILES) as Name[];

/** Reasons for which a second file of another type is refused. */
const HONEST = new Set(['rows_rejected', 'columns_differ', 'no_rows']);

interface Outcome {
  readonly name: Name;
  readonly rows: number;
  readonly code: string | null;
}

async function sendBoth(customer: string, names: readonly Name[]): Promise<readonly Outcome[]> {
  const replies = await Promise.all(names.map((name) => put(thena.url, customer, FILES[name], WAIT)));
  return names.map((name, index) => {
    const { body } = replies[index] as Reply;
    const code = body.code ?? body.error?.code ?? null;
    assert.ok(code === null ? body.status === 'complete' : HONEST.has(code), `${names}: ${JSON.stringify(body)}`);
    return { name, rows: body.receipt?.appended ?? 0, code };
  });
}

describe('a first file that is being sent', () => {
  /** Begins a file, and sends enough of it that the upload is listed, or that it has begun. */
  function begin(customer: string, text: string) {
    const sender = request(`${thena.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
    sender.on('error', () => undefined);
    sender.write(text);
    return sender;
  }

  it('is accepted although the customer has disappeared with another one that broke off', async () => {
    const status = async () => (await call(`${thena.url}/api/v1/customers/again`)).status;
    const broken = begin('again', FILES.large.repeat(3));
    await until(async () => (await status()) === 200);
    const sender = begin('again', 'x,y\n');
    const answer = once(sender, 'response');
    await sleep(200);
    broken.destroy();
    await until(async () => (await status()) === 404);
    sender.end('1,2\n');
    const [reply] = (await answer) as [IncomingMessage];
    const body = JSON.parse(await textOf(reply));
    assert.equal(reply.statusCode, 202, JSON.stringify(body));
  });
});

describe('two first files of a new customer at once', () => {
  let customers = 0;
  for (const [index, one] of NAMES.entries()) {
    it(`end as rows or as an honest refusal: ${one}, and any other`, async () => {
      for (const other of NAMES.slice(index)) {
        for (const names of [
          [one, other],
          [other, one],
        ] as const) {
          const customer = `first-${customers++}`;
          const outcomes = await sendBoth(customer, names);
          const rows = outcomes.reduce((sum, outcome) => sum + outcome.rows, 0);
          const expected: readonly (string | number)[] = rows === 0 ? ['table_empty', 'customer_not_found'] : [rows];
          const total = await totalRows(thena.url, customer);
          assert.ok(expected.includes(total), `${names}: ${total} of ${JSON.stringify(outcomes)}`);
          if (names.some((name) => name !== 'no rows')) {
            assert.ok(
              outcomes.some(({ code }) => code === null),
              JSON.stringify(outcomes),
            );
          }
          for (const { name, rows: appended, code } of outcomes) {
            if (code === null) assert.equal(appended, FILES[name].split('\n').length - 2, name);
          }
          const { body } = await call(`${thena.url}/api/v1/customers/${customer}/uploads`);
          for (const upload of body.items ?? []) assert.ok(upload.finished_at, JSON.stringify(upload));
        }
      }
    });
  }

  it('of which one fits no other are the same as one after the other', async () => {
    const outcomes = await sendBoth('one-by-one', ['texts', 'integers']);
    // Whichever came first: integers fit a text column, texts fit no integer column.
    const [texts, integers] = outcomes as [Outcome, Outcome];
    assert.equal(integers.code, null);
    assert.ok(texts.code === null || texts.code === 'rows_rejected');
  });
});
