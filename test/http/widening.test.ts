import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, ended, formOf, put, type RunningThena, resultRows, startThena, WAIT } from '../server.ts';
import { begin, idOf, send as sendTus } from './tus-requests.ts';

let thena: RunningThena;
let customers = 0;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '10' });
});
after(() => thena.close());

const nextCustomer = (): string => `widening-${customers++}`;

/** Sends a file, which must be stored. @returns the upload */
async function append(customer: string, csv: string, query = '') {
  const { body } = await put(thena.url, customer, csv, WAIT, query);
  assert.equal(body.status, 'complete', JSON.stringify(body));
  return body;
}

async function undo(upload: { readonly id: string }): Promise<void> {
  const { body } = await call(`${thena.url}/api/v1/uploads/${upload.id}`, { method: 'DELETE' });
  assert.equal(body.status, 'undone', JSON.stringify(body));
}

async function tableOf(customer: string) {
  return (await call(`${thena.url}/api/v1/customers/${customer}/table`)).body;
}

async function typesOf(customer: string): Promise<readonly string[]> {
  return (await tableOf(customer)).columns.map(({ type }: { type: string }) => type);
}

async function rowsOf(customer: string, query = ''): Promise<readonly unknown[][]> {
  return (await call(`${thena.url}/api/v1/customers/${customer}/table/rows${query}`)).body.rows;
}

async function exported(customer: string, format: string): Promise<Response> {
  return fetch(`${thena.url}/api/v1/customers/${customer}/table/export?format=${format}`);
}

describe('a column without values', () => {
  const EMPTY = 'at,player,score\n2023-02-06 08:00:00,,3\n2023-02-06 08:01:00,NA,4\n';

  it('has no type until a file has a value, and is null in every analysis', async () => {
    const customer = nextCustomer();
    const first = await append(customer, EMPTY);
    assert.equal(first.receipt.columns[1].type, 'unknown');
    assert.ok(first.receipt.notes.some((note: string) => /'player' has no value yet/.test(note)));
    assert.deepEqual(await typesOf(customer), ['timestamp', 'unknown', 'integer']);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [null, null],
    );
    const measures = ['count', 'count_distinct', 'sum', 'avg', 'min', 'max', 'median', 'stddev', 'first', 'last'].map(
      (fn) => ({ fn, column: 'player' }),
    );
    assert.deepEqual(await resultRows(thena.url, customer, { measures }), [[0, 0, ...Array(8).fill(null)]]);
    const count = [{ fn: 'count' }];
    for (const [where, rows] of [
      [{ column: 'player', op: '=', value: 9 }, 0],
      [{ not: { column: 'player', op: '=', value: 'nine' } }, 0],
      [{ column: 'player', op: 'in', value: [true] }, 0],
      [{ column: 'player', op: 'like', value: '%' }, 0],
      [{ column: 'player', op: 'is null' }, 2],
    ] as const) {
      assert.deepEqual(
        await resultRows(thena.url, customer, { measures: count, where }),
        [[rows]],
        JSON.stringify(where),
      );
    }
    assert.deepEqual(await resultRows(thena.url, customer, { measures: count, group_by: ['player'] }), [[null, 2]]);
    const having = { column: 'max_player', op: '>', value: 1 };
    const max = [{ fn: 'max', column: 'player' }];
    assert.deepEqual(await resultRows(thena.url, customer, { measures: max, having }), []);
    const profile = (await analyze(thena.url, customer, 'profile')).body.result.columns[1];
    const { type, nulls, distinct, min, quartiles } = profile;
    assert.deepEqual([type, nulls, distinct, min, quartiles], ['unknown', 2, 0, null, null]);
    const bucket = { measures: count, group_by: [{ column: 'player', bucket: 'day' }] };
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query: bucket } });
    assert.match(body.detail, /'player' has no type, because it has no value yet/);
  });

  it('is exported as nulls in every format', async () => {
    const customer = nextCustomer();
    await append(customer, EMPTY);
    assert.match(await (await exported(customer, 'csv')).text(), /08:00:00Z,,3\n/);
    assert.match(await (await exported(customer, 'ndjson')).text(), /"player":null,"score":4/);
    for (const format of ['parquet', 'arrow']) {
      const response = await exported(customer, format);
      assert.equal(response.status, 200);
      assert.ok((await response.arrayBuffer()).byteLength > 100);
    }
  });

  it('takes the type of the first file with a value, and has none again if that is undone', async () => {
    const customer = nextCustomer();
    await append(customer, EMPTY);
    await append(customer, EMPTY);
    const filled = await append(customer, 'at,player,score\n2023-02-07 09:11:00,9,5\n2023-02-07 09:12:00,10,6\n');
    assert.deepEqual(filled.receipt.widened, [{ name: 'player', from: 'unknown', to: 'integer' }]);
    assert.ok(filled.receipt.notes.some((note: string) => /'player' had no value so far and is integer/.test(note)));
    const measures = [
      { fn: 'max', column: 'player' },
      { fn: 'sum', column: 'player' },
    ];
    assert.deepEqual(await resultRows(thena.url, customer, { measures }), [[10, 19]]);
    await undo(filled);
    assert.deepEqual(await typesOf(customer), ['timestamp', 'unknown', 'integer']);
    const days = await append(customer, 'at,player,score\n2023-02-08 09:11:00,13/4/2023,5\n');
    assert.deepEqual(days.receipt.widened, [{ name: 'player', from: 'unknown', to: 'date' }]);
    assert.deepEqual((await rowsOf(customer)).at(-1)?.[1], '2023-04-13');
    await undo(days);
    // What the undone days have settled about their order is forgotten.
    const other = await append(customer, 'at,player,score\n2023-02-08 09:11:00,4/13/2023,5\n');
    assert.equal(other.receipt.columns[1].order, 'mdy');
  });

  it('becomes the time column if the table has none', async () => {
    const customer = nextCustomer();
    const empty = await append(customer, 'id,at\n1,\n2,\n');
    assert.equal((await tableOf(customer)).time_column, null);
    await append(customer, 'id,at\n3,2024-01-02 00:00:00\n4,2024-01-01 00:00:00\n');
    await append(customer, 'id,at\n5,2024-01-05 00:00:00\n');
    const { time_column, first_row_at, earliest_at, latest_at } = await tableOf(customer);
    assert.deepEqual(
      [time_column, first_row_at, earliest_at, latest_at],
      ['at', '2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-05T00:00:00Z'],
    );
    await undo(empty);
    assert.equal((await tableOf(customer)).earliest_at, '2024-01-01T00:00:00Z');
  });

  it('becomes the declared time column, and no other', async () => {
    const customer = nextCustomer();
    await call(`${thena.url}/api/v1/customers`, { json: { customer_id: customer, time_column: 'b' } });
    await append(customer, 'a,b\n,\n');
    await append(customer, 'a,b\n2024-01-01,\n');
    assert.equal((await tableOf(customer)).time_column, null);
    await append(customer, 'a,b\n2024-01-02,2024-02-02\n');
    assert.equal((await tableOf(customer)).time_column, 'b');
    assert.equal((await tableOf(customer)).latest_at, '2024-02-02');
  });
});

describe('an integer column', () => {
  const WHOLE = 'day,amount\n2024-01-01,5\n2024-01-02,7\n';
  const DECIMALS = 'day,amount\n2024-01-03,7.5\n2024-01-04,8\n';
  const amount = { measures: [{ fn: 'sum', column: 'amount' }] };

  it('becomes number when decimals come', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const { receipt } = await append(customer, DECIMALS);
    assert.deepEqual(receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.ok(receipt.notes.includes("Column 'amount' was integer and becomes number. Line 2: '7.5'."));
    assert.deepEqual(await typesOf(customer), ['date', 'number']);
    const later = await append(customer, 'day,amount\n2024-01-05,9\n');
    assert.deepEqual(later.receipt.widened, []);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [5, 7, 7.5, 8, 9],
    );
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[36.5]]);
    const where = { column: 'amount', op: '>=', value: 7.5 };
    assert.deepEqual(await resultRows(thena.url, customer, { ...amount, where }), [[24.5]]);
    const groups = { group_by: ['amount'], measures: [{ fn: 'count' }], order_by: ['amount'], limit: 3 };
    assert.deepEqual(await resultRows(thena.url, customer, groups), [
      [5, 1],
      [7, 1],
      [7.5, 1],
    ]);
    const edges = {
      measures: [
        { fn: 'first', column: 'amount' },
        { fn: 'last', column: 'amount' },
      ],
    };
    assert.deepEqual(await resultRows(thena.url, customer, edges), [[5, 9]]);
    const profile = (await analyze(thena.url, customer, 'profile')).body.result.columns[1];
    assert.deepEqual([profile.type, profile.min, profile.max, profile.mean], ['number', 5, 9, 7.3]);
  });

  it('is read and exported alike, page by page and in every format', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    await append(customer, DECIMALS);
    const first = (await call(`${thena.url}/api/v1/customers/${customer}/table/rows?limit=1`)).body;
    assert.deepEqual(first.columns[1], { name: 'amount', type: 'number' });
    const rest = await rowsOf(customer, `?limit=5&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [...first.rows, ...rest].map((row) => row[1]),
      [5, 7, 7.5, 8],
    );
    assert.deepEqual(
      (await (await exported(customer, 'csv')).text())
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',')[1])),
      [5, 7, 7.5, 8],
    );
    const lines = (await (await exported(customer, 'ndjson')).text()).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).amount),
      [5, 7, 7.5, 8],
    );
    const { tableFromIPC } = await import('apache-arrow');
    const arrow = tableFromIPC(new Uint8Array(await (await exported(customer, 'arrow')).arrayBuffer()));
    assert.deepEqual([...(arrow.getChild('amount') ?? [])], [5, 7, 7.5, 8]);
    assert.equal((await exported(customer, 'parquet')).status, 200);
  });

  it('is integer again if the uploads with decimals are undone, and keeps whole numbers that came later', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const one = await append(customer, DECIMALS);
    const two = await append(customer, DECIMALS);
    await append(customer, 'day,amount\n2024-01-05,9\n2024-01-06,\n');
    await undo(one);
    assert.deepEqual(await typesOf(customer), ['date', 'number']);
    await undo(two);
    assert.deepEqual(await typesOf(customer), ['date', 'integer']);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [5, 7, 9, null],
    );
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[21]]);
    assert.match(await (await exported(customer, 'csv')).text(), /2024-01-05,9\n/);
    const again = await append(customer, DECIMALS);
    assert.deepEqual(again.receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[36.5]]);
  });

  it('becomes number on behalf of a late value of a large file', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const many = Array.from({ length: 200_000 }, (_, index) => `2024-02-01,${index % 10}`).join('\n');
    const { receipt } = await append(customer, `day,amount\n${many}\n2024-02-02,0.5\n`);
    assert.equal(receipt.appended, 200_001);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[900_012.5]]);
  });

  it('stays integer if it has an integer that a number column would change, and says so', async () => {
    const customer = nextCustomer();
    const large = await append(customer, 'id,n\n9007199254740993,1\n');
    const { body } = await put(thena.url, customer, 'id,n\n1.5,2\n', WAIT);
    assert.equal(body.error?.code, 'rows_rejected');
    assert.match(body.error.hint, /'id' stays integer: it has values beyond 2\^53 .* set widen=text:id/);
    assert.deepEqual(await typesOf(customer), ['integer', 'integer']);
    const { body: retried } = await call(`${thena.url}/api/v1/uploads/${body.id}/retry?widen=text:id`, {
      method: 'POST',
      headers: WAIT,
    });
    assert.deepEqual(retried.receipt?.widened, [{ name: 'id', from: 'integer', to: 'text' }]);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[0]),
      ['9007199254740993', '1.5'],
    );
    await undo(retried);
    await undo(large);
    // 10^17 is one that a 64-bit float is written as.
    await append(customer, 'id,n\n100000000000000000,1\n');
    await append(customer, 'id,n\n1.5,2\n');
    assert.deepEqual(await resultRows(thena.url, customer, { measures: [{ fn: 'max', column: 'id' }] }), [[10 ** 17]]);
  });

  it('stays integer if it was declared so', async () => {
    const customer = nextCustomer();
    const columns = [{ name: 'n', type: 'integer' }];
    await call(`${thena.url}/api/v1/customers`, { json: { customer_id: customer, columns } });
    await append(customer, 'n\n1\n');
    const { body } = await put(thena.url, customer, 'n\n1.5\n', WAIT, '?widen=text');
    assert.match(body.error?.hint, /'n' is declared as integer. .* declared as number/);
    assert.deepEqual(await typesOf(customer), ['integer']);
  });

  it('stays integer if the upload is a dry run, or is refused for another reason', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const dry = await append(customer, DECIMALS, '?dry_run=true');
    assert.deepEqual(dry.receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    const { body } = await put(thena.url, customer, `${DECIMALS}never,1\n`, WAIT);
    assert.equal(body.error?.code, 'rows_rejected');
    assert.deepEqual(await typesOf(customer), ['date', 'integer']);
    assert.deepEqual(await rowsOf(customer), [
      ['2024-01-01', 5],
      ['2024-01-02', 7],
    ]);
  });

  it('is widened by two uploads that wait in the queue at the same time', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const sent = await Promise.all(
      [DECIMALS, 'day,amount\n2024-01-07,0.25\n'].map((csv) => put(thena.url, customer, csv)),
    );
    const uploads = await Promise.all(sent.map(({ body }) => ended(thena.url, body.id)));
    const widened = uploads.flatMap(({ receipt }) => receipt.widened);
    assert.deepEqual(widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[27.75]]);
  });
});

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
