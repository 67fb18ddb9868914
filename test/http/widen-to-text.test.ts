import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, ended, formOf, put, type RunningThena, resultRows, startThena, WAIT } from '../server.ts';
import { tableClient } from './table-client.ts';
import { begin, idOf, send as sendTus } from './tus-requests.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '10' });
});
after(() => thena.close());

const { nextCustomer, append, undo, tableOf, typesOf, rowsOf, exported } = tableClient(
  () => thena.url,
  'widen-to-text',
);

describe('widen=text', () => {
  const FIRST =
    'at,n,x,b,d,t\n2024-01-01T10:00:00Z,5,1.50,true,2024-02-03,2024-02-03 04:05:06.7\n2024-01-02T10:00:00Z,-7,1e300,false,,\n';
  const LATER = 'at,n,x,b,d,t\n2024-01-03T10:00:00Z,05,n/a!,maybe,soon,later\n';
  const TEXTS = [
    ['2024-01-01T10:00:00Z', '5', '1.5', 'true', '2024-02-03', '2024-02-03T04:05:06.7Z'],
    ['2024-01-02T10:00:00Z', '-7', '1e+300', 'false', null, null],
    ['2024-01-03T10:00:00Z', '05', 'n/a!', 'maybe', 'soon', 'later'],
  ];
  const ALL_TEXT = ['timestamp', 'text', 'text', 'text', 'text', 'text'];

  it('makes columns text whose values do not fit, with earlier values as text', async () => {
    const customer = nextCustomer();
    await append(customer, FIRST);
    const later = await append(customer, LATER, '?widen=text');
    assert.equal(later.options.widen, 'text');
    assert.deepEqual(
      later.receipt.widened.map(({ name, to }: { name: string; to: string }) => [name, to]),
      ['n', 'x', 'b', 'd', 't'].map((name) => [name, 'text']),
    );
    assert.deepEqual(await typesOf(customer), ALL_TEXT);
    assert.deepEqual(await rowsOf(customer), TEXTS);
    const like = { measures: [{ fn: 'count' }], where: { column: 'n', op: 'like', value: '%5' } };
    assert.deepEqual(await resultRows(thena.url, customer, like), [[2]]);
    assert.match(await (await exported(customer, 'ndjson')).text(), /"n":"5","x":"1.5","b":"true"/);
    await undo(later);
    assert.deepEqual(await typesOf(customer), ['timestamp', 'integer', 'number', 'boolean', 'date', 'timestamp']);
    assert.deepEqual(await resultRows(thena.url, customer, { measures: [{ fn: 'sum', column: 'n' }] }), [[-2]]);
  });

  it('stays in effect for the table as long as any upload was read as text', async () => {
    const customer = nextCustomer();
    await append(customer, 'n\n5\n');
    const widening = await append(customer, 'n\nfive\n', '?widen=text');
    await append(customer, 'n\n006\n');
    await undo(widening);
    assert.deepEqual(await typesOf(customer), ['text']);
    assert.deepEqual(await rowsOf(customer), [['5'], ['006']]);
  });

  it('names the columns that may become text', async () => {
    const customer = nextCustomer();
    await append(customer, 'a,b\n1,2\n');
    const { body } = await put(thena.url, customer, 'a,b\nx,y\n', WAIT, '?widen=text:A');
    assert.equal(body.error?.code, 'rows_rejected');
    assert.match(body.error.detail, /Line 2, column 'b'/);
    assert.match(body.error.hint, /If it is a value, set widen=text:b/);
    await append(customer, 'a,b\nx,3\n', '?widen=text:a');
    assert.deepEqual(await typesOf(customer), ['text', 'integer']);
    for (const [option, says] of [
      ['text:c', /'c', which the table does not have/],
      ['text:', /it must be text, text: and names/],
      ['number', /it must be text, text: and names/],
    ] as const) {
      const refused = await put(thena.url, customer, 'a,b\nx,3\n', WAIT, `?widen=${option}`);
      const problem = refused.body.error ?? refused.body;
      assert.deepEqual([problem.code, says.test(problem.detail)], ['upload_option_invalid', true], problem.detail);
    }
  });

  it('does not take the time column away', async () => {
    const customer = nextCustomer();
    await append(customer, FIRST);
    const { body } = await put(thena.url, customer, 'at,n,x,b,d,t\nyesterday,1,1,true,,\n', WAIT, '?widen=text');
    assert.equal(body.error?.code, 'rows_rejected');
    assert.doesNotMatch(body.error.hint, /widen/);
    const named = await put(thena.url, customer, LATER, WAIT, '?widen=text:at');
    assert.match(named.body.error?.detail, /'at', the time column or a part of it, which keeps its type/);
    assert.equal((await analyze(thena.url, customer, 'time_difference')).status, 200);
  });

  it('does not take the days of a combined time column away', async () => {
    const customer = nextCustomer();
    await append(customer, 'Date,Time,n\n2024-01-01,10:00,1\n', '?time_column=Date%2BTime');
    await append(customer, 'Date,Time,n\n2024-01-02,11:00,x\n', '?widen=text');
    assert.deepEqual(await typesOf(customer), ['date', 'text', 'text', 'timestamp']);
    const { body } = await put(thena.url, customer, 'Date,Time,n\nsoon,12:00,2\n', WAIT, '?widen=text');
    assert.equal(body.error?.code, 'rows_rejected');
    assert.equal((await tableOf(customer)).latest_at, '2024-01-02T11:00:00Z');
  });

  const doors: readonly [string, (customer: string) => Promise<void>][] = [
    [
      'a form field, after the file',
      async (customer) => {
        const body = formOf(['customer_id', customer], ['file', Buffer.from(LATER)], ['widen', 'text']);
        const reply = await call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT });
        assert.equal(reply.body.status, 'complete', JSON.stringify(reply.body));
      },
    ],
    [
      'the metadata of a tus upload',
      async (customer) => {
        const { headers } = await begin(thena.url, LATER.length, { customer_id: customer, widen: 'text' });
        const address = `${thena.url}${headers.get('location')}`;
        await sendTus(address, 0, Buffer.from(LATER));
        assert.equal((await ended(thena.url, idOf(address))).status, 'complete');
      },
    ],
    [
      'a retry',
      async (customer) => {
        const { body } = await put(thena.url, customer, LATER, WAIT);
        assert.equal(body.error?.code, 'rows_rejected');
        const path = `${thena.url}/api/v1/uploads/${body.id}/retry?widen=text`;
        assert.equal((await call(path, { method: 'POST', headers: WAIT })).body.status, 'complete');
      },
    ],
  ];
  for (const [door, sendLater] of doors) {
    it(`is accepted as ${door}`, async () => {
      const customer = nextCustomer();
      await append(customer, FIRST);
      await sendLater(customer);
      assert.deepEqual(await rowsOf(customer), TEXTS);
    });
  }

  it('is accepted as a default of the customer', async () => {
    const customer = nextCustomer();
    const json = { customer_id: customer, defaults: { widen: 'text' } };
    const { body } = await call(`${thena.url}/api/v1/customers`, { json });
    assert.equal(body.customer.declared.defaults.widen, 'text');
    await append(customer, FIRST);
    const { body: other } = await put(thena.url, customer, LATER, WAIT, '?widen=none');
    assert.equal(other.error?.code, 'rows_rejected');
    await append(customer, LATER);
    assert.deepEqual(await rowsOf(customer), TEXTS);
  });
});
