import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  analyze,
  call,
  ended,
  formOf,
  put,
  type Reply,
  type RunningThena,
  resultRows,
  startThena,
  totalRows,
  WAIT,
} from '../server.ts';
import { send as append, begin } from './tus-requests.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '3' });
});
after(() => thena.close());

const send = async (customer: string, csv: string, options: Readonly<Record<string, string>> = {}) =>
  (await put(thena.url, customer, csv, WAIT, `?${new URLSearchParams(options)}`)).body;
const get = async (path: string): Promise<Reply['body']> => (await call(`${thena.url}/api/v1${path}`)).body;
const tableOf = (customer: string): Promise<Reply['body']> => get(`/customers/${customer}/table`);
const rowsOf = async (customer: string) => (await get(`/customers/${customer}/table/rows`)).rows;
const create = (json: unknown): Promise<Reply> => call(`${thena.url}/api/v1/customers`, { json });
const complete = (upload: Reply['body']): Reply['body'] => {
  assert.equal(upload.status, 'complete', JSON.stringify(upload));
  return upload;
};

const DIVES = 'Date,Time,Depth\n2003-05-17,08:15:00 AM,7\n2003-05-17,01:15:00 PM,9\n';
const PAIR = { time_column: 'Date+Time' };

describe('a time column of two columns', () => {
  it('has the times of both, and is the time column of all analyses', async () => {
    const upload = complete(await send('dives', DIVES, PAIR));
    assert.deepEqual(upload.receipt.warnings, []);
    assert.match(upload.receipt.notes.join(' '), /'Date\+Time' has the days of 'Date' with the times of day of 'Time'/);
    assert.deepEqual(upload.receipt.columns.at(-1).derived_from, ['Date', 'Time']);
    const table = await tableOf('dives');
    assert.deepEqual(table.columns, [
      { name: 'Date', type: 'date' },
      { name: 'Time', type: 'text' },
      { name: 'Depth', type: 'integer' },
      { name: 'Date+Time', type: 'timestamp', derived_from: ['Date', 'Time'] },
    ]);
    assert.deepEqual(
      [table.time_column, table.first_row_at, table.earliest_at, table.latest_at],
      ['Date+Time', '2003-05-17T08:15:00Z', '2003-05-17T08:15:00Z', '2003-05-17T13:15:00Z'],
    );
    assert.equal((await analyze(thena.url, 'dives', 10000)).body.result.seconds, 18_000);
    const page = await get('/customers/dives/table/rows?columns=Date%2BTime,Depth');
    assert.deepEqual(page.columns, [
      { name: 'Date+Time', type: 'timestamp', derived_from: ['Date', 'Time'] },
      { name: 'Depth', type: 'integer' },
    ]);
    assert.deepEqual(await rowsOf('dives'), [
      ['2003-05-17', '08:15:00 AM', 7, '2003-05-17T08:15:00Z'],
      ['2003-05-17', '01:15:00 PM', 9, '2003-05-17T13:15:00Z'],
    ]);
    const byHour = { measures: [{ fn: 'count' }], group_by: [{ column: 'Date+Time', bucket: 'hour' }] };
    assert.deepEqual(await resultRows(thena.url, 'dives', byHour), [
      ['2003-05-17T08:00:00Z', 1],
      ['2003-05-17T13:00:00Z', 1],
    ]);
    const csv = await call(`${thena.url}/api/v1/customers/dives/table/export?format=csv`);
    assert.match(csv.body, /^Date,Time,Depth,Date\+Time\n2003-05-17,08:15:00 AM,7,2003-05-17T08:15:00Z\n/);
  });

  it('follows the advice of the receipt', async () => {
    const first = complete(await send('advice', DIVES));
    const warning = first.receipt.warnings.find((text: string) => text.includes('times of day'));
    const advised = /send the file again with time_column=([^ ]+)\.$/.exec(warning)?.[1];
    assert.equal(advised, 'Date+Time', warning);
    await call(`${thena.url}/api/v1/uploads/${first.id}`, { method: 'DELETE' });
    complete(await send('advice', DIVES, { time_column: advised ?? '' }));
    assert.equal((await analyze(thena.url, 'advice', 10000)).body.result.seconds, 18_000);
    // Another column has the times already: nothing is advised.
    const both = complete(await send('both', 'd,t,at\n2024-01-02,10:00,2024-01-02 10:00:00\n'));
    assert.doesNotMatch(both.receipt.warnings.join(' '), /time_column/);
  });

  it('can be given by every door, and by a plus sign in a URL', async () => {
    const doors: Readonly<Record<string, (customer: string) => Promise<Reply['body']>>> = {
      form: async (customer) => {
        const body = formOf(['customer_id', customer], ['time_column', 'date+time'], ['file', Buffer.from(DIVES)]);
        return (await call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT })).body;
      },
      'form, after the file': async (customer) => {
        const body = formOf(['customer_id', customer], ['file', Buffer.from(DIVES)], ['time_column', 'Date + Time']);
        return (await call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT })).body;
      },
      query: async (customer) => (await put(thena.url, customer, DIVES, WAIT, '?time_column=Date+Time')).body,
      tus: async (customer) => {
        const bytes = Buffer.from(DIVES);
        const { headers } = await begin(thena.url, bytes.length, { customer_id: customer, ...PAIR });
        const address = `${thena.url}${headers.get('location')}`;
        await append(address, 0, bytes);
        return ended(thena.url, address.split('/').at(-1) ?? '');
      },
      retry: async (customer) => {
        const failed = await send(customer, DIVES, { time_column: 'Depth' });
        assert.equal(failed.error?.code, 'time_column_unknown');
        const url = `${thena.url}/api/v1/uploads/${failed.id}/retry?time_column=Date%2BTime`;
        return (await call(url, { method: 'POST', headers: WAIT })).body;
      },
      customer: async (customer) => {
        const created = await create({ customer_id: customer, ...PAIR });
        assert.equal(created.body.customer?.declared.time_column, 'Date+Time', JSON.stringify(created.body));
        return send(customer, DIVES);
      },
    };
    for (const [door, open] of Object.entries(doors)) {
      const customer = `door-${door.replaceAll(/\W+/g, '-')}`;
      complete(await open(customer));
      assert.equal((await tableOf(customer)).time_column, 'Date+Time', door);
      assert.equal((await analyze(thena.url, customer, 10000)).body.result.seconds, 18_000, door);
    }
  });

  it('is shown by a dry run, which keeps nothing', async () => {
    const upload = complete(await send('dry', DIVES, { ...PAIR, dry_run: 'true' }));
    assert.equal(upload.receipt.columns.at(-1).name, 'Date+Time');
    const cell = { text: '2003-05-17 08:15:00 AM', value: '2003-05-17T08:15:00Z' };
    assert.deepEqual(upload.receipt.sample[0].at(-1), cell);
    assert.equal(await totalRows(thena.url, 'dry'), 'table_empty');
    const file = `${DIVES}2003-05-18,noon,1\n2003-05-18,,1\n`;
    const preview = await call(`${thena.url}/api/v1/customers/dry/preview?time_column=Date+Time&complete=true`, {
      method: 'POST',
      body: file,
    });
    const { columns, rows, rejected, warnings } = preview.body;
    assert.deepEqual(
      [columns.length, columns.at(-1).derived_from],
      [4, ['Date', 'Time']],
      JSON.stringify(preview.body),
    );
    assert.deepEqual(rows[0].at(-1), cell);
    assert.deepEqual(
      rejected.map(({ line, column, code }: Record<string, unknown>) => [line, column, code]),
      [[4, 'Time', 'not_clock_time']],
    );
    assert.match(warnings.join(' '), /1 row with only one of the columns 'Date' and 'Time'/);
  });

  it('is read in the time zone', async () => {
    const csv = 'Date,Time\n30/03/2024,02:30\n27/10/2024,02:30\n';
    const upload = complete(await send('zone', csv, { ...PAIR, time_zone: 'Europe/Berlin' }));
    assert.match(
      upload.receipt.warnings.join(' '),
      /'Date\+Time' has 1 time that clocks in Europe\/Berlin showed twice/,
    );
    assert.deepEqual(
      (await rowsOf('zone')).map((row: unknown[]) => row[2]),
      ['2024-03-30T01:30:00Z', '2024-10-27T00:30:00Z'],
    );
    // The zone holds for later files. That time did not exist.
    const later = await send('zone', 'Time,Date\n02:30,31/03/2024\n12:00,31/03/2024\n', { on_error: 'skip' });
    const { body } = await call(`${thena.url}/api/v1/uploads/${later.id}/rejects`);
    assert.deepEqual(
      body.items.map(({ line, column, code, text }: Record<string, unknown>) => [line, column, code, text]),
      [[2, 'Date+Time', 'no_such_local_time', '31/03/2024 02:30']],
    );
    assert.deepEqual((await rowsOf('zone')).at(-1), ['2024-03-31', '12:00', '2024-03-31T10:00:00Z']);
  });

  it('rejects rows of later files whose pair is no time, with the reason', async () => {
    complete(await send('later', DIVES, PAIR));
    const csv = 'Depth,Time,Date\n1,25:00,2003-05-18\n2,noon,2003-05-18\n3,10:00,2003-02-30\n4,"10:00",2003-05-19\n';
    const upload = complete(await send('later', csv, { on_error: 'skip' }));
    assert.deepEqual([upload.receipt.appended, upload.receipt.rejected], [1, 3]);
    const { body } = await call(`${thena.url}/api/v1/uploads/${upload.id}/rejects`);
    assert.deepEqual(
      body.items.map(({ line, column, code, text }: Record<string, unknown>) => [line, column, code, text]),
      [
        [2, 'Time', 'not_clock_time', '25:00'],
        [3, 'Time', 'not_clock_time', 'noon'],
        [4, 'Date', 'no_such_day', '2003-02-30'],
      ],
    );
    assert.equal((await tableOf('later')).latest_at, '2003-05-19T10:00:00Z');
    assert.deepEqual((await rowsOf('later')).at(-1), ['2003-05-19', '10:00', 4, '2003-05-19T10:00:00Z']);
    assert.equal((await send('later', csv)).error?.code, 'rows_rejected');
  });

  it('is null in rows with only one of both, which a warning counts', async () => {
    const upload = complete(
      await send('half', 'Date,Time,n\n2024-01-02,,1\n,10:00,2\n,,3\n2024-01-02,11:00,4\n', PAIR),
    );
    assert.match(
      upload.receipt.warnings.join(' '),
      /2 rows with only one of the columns 'Date' and 'Time' got no time\. Line 2/,
    );
    assert.deepEqual(
      (await rowsOf('half')).map((row: unknown[]) => row[3]),
      [null, null, null, '2024-01-02T11:00:00Z'],
    );
    assert.equal((await tableOf('half')).first_row_at, '2024-01-02T11:00:00Z');
  });

  it('may have days in any form, midnights among them, and times in a declared format', async () => {
    const spreadsheet = 'Day;Clock\n2/1/2024 00:00:00;0815\n13/1/2024 00:00:00;1315\n';
    complete(await send('sheet', spreadsheet, { time_column: 'Day+Clock', columns: 'Clock:%H%M' }));
    assert.deepEqual(
      (await rowsOf('sheet')).map((row: unknown[]) => row[2]),
      ['2024-01-02T08:15:00Z', '2024-01-13T13:15:00Z'],
    );
    // Each file says how it is written.
    complete(await send('sheet', 'Clock,Day\n09:30,2024-02-01\n', {}));
    assert.equal((await tableOf('sheet')).latest_at, '2024-02-01T09:30:00Z');
  });

  it('may have a delimiter that occurs in times, and quotes', async () => {
    for (const [customer, csv] of [
      ['colons', 'd:t\n2024-01-02:"10:30"\n'],
      ['hyphens', 'd-t\n"2024-01-02"-10.30\n'],
      ['spaces', 'd t\n2024-01-02 10:30\n'],
    ] as const) {
      const delimiter = csv[1] as string;
      const columns = customer === 'hyphens' ? { columns: 't:%H.%M' } : {};
      complete(await send(customer, csv, { delimiter, time_column: 'd+t', ...columns }));
      assert.equal((await rowsOf(customer))[0][2], '2024-01-02T10:30:00Z', customer);
    }
    const unquoted = 'd:t\n2024/01/02:1030\n';
    complete(await send('bare', unquoted, { delimiter: ':', quote: 'none', time_column: 'd+t', columns: 't:%H%M' }));
    assert.equal((await rowsOf('bare'))[0][2], '2024-01-02T10:30:00Z');
  });

  it('is refused if the columns are of another kind, with what they are', async () => {
    for (const [csv, detail] of [
      ['Date,Time\nx,10:00\n', /'Date' has no days: it is text/],
      ['Date,Time\n2024-01-02,7\n', /'Time' has no times of day\. Line 2: '7'/],
      ['Date,Time\n2024-01-02 10:00,10:00\n', /'Date' already has times of day/],
      ['Date,Clock\n2024-01-02,10:00\n', /the file has no such column/],
    ] as const) {
      const { error } = await send('kinds', csv, PAIR);
      assert.equal(error?.code, 'time_column_unknown');
      assert.match(error.detail, detail);
    }
    assert.equal(await totalRows(thena.url, 'kinds'), 'table_empty');
    const { error } = await send('kinds', DIVES, { time_column: 'Depth' });
    assert.match(error.hint, /one of days and one of times of day \(`Date\+Time`\), or omit/);
    complete(await send('kinds', DIVES, PAIR));
    complete(await send('omitted', DIVES));
  });

  it('stays the time column of the table, and is in no file', async () => {
    complete(await send('stays', DIVES, PAIR));
    complete(await send('stays', DIVES, { time_column: 'date+TIME' }));
    const other = await send('stays', DIVES, { time_column: 'Date' });
    assert.deepEqual([other.error?.code, other.error?.time_column], ['time_column_conflict', 'Date+Time']);
    assert.match(other.error.hint, /^Omit `time_column`/);
    complete(await send('stays', DIVES));
    const retry = `${thena.url}/api/v1/uploads/${other.id}/retry?time_column=${encodeURIComponent(other.error.time_column)}`;
    complete((await call(retry, { method: 'POST', headers: WAIT })).body);
    const exported = (await call(`${thena.url}/api/v1/customers/stays/table/export?format=csv`)).body;
    const again = await send('stays', exported.replaceAll(/,7,|,9,/g, ',').replace('Depth,', ''));
    assert.equal(again.code, 'columns_differ');
    assert.match(again.detail, /'Date\+Time' is made of 'Date', 'Time': leave it out\.$/);
    assert.doesNotMatch(again.missing.join(), /\+/);
    // A column of that name is that column.
    complete(await send('named', 'Date,Time,Date+Time\n2024-01-02,10:00,2024-01-01\n', PAIR));
    const table = await tableOf('named');
    assert.deepEqual([table.columns.length, table.earliest_at], [3, '2024-01-01']);
  });

  it('can be declared with the columns', async () => {
    const columns = [
      { name: 'Date', type: 'date', format: '%d%m%Y' },
      { name: 'Time', type: 'text', format: null },
    ];
    assert.equal((await create({ customer_id: 'declared', columns, ...PAIR })).status, 201);
    complete(await send('declared', 'Time,Date\n10:00,02012024\n'));
    assert.equal((await tableOf('declared')).latest_at, '2024-01-02T10:00:00Z');
    for (const time_column of ['Time+Date', 'Date+Other', 'Date+Date']) {
      const refused = await create({ customer_id: 'no', columns, time_column });
      assert.equal(refused.body.code, 'time_column_unknown', time_column);
    }
  });

  it('is gone once all uploads are undone', async () => {
    const first = complete(await send('undo', DIVES, PAIR));
    const second = complete(await send('undo', 'Date,Time,Depth\n2003-05-20,09:00,1\n'));
    await call(`${thena.url}/api/v1/uploads/${second.id}`, { method: 'DELETE' });
    assert.equal((await tableOf('undo')).latest_at, '2003-05-17T13:15:00Z');
    await call(`${thena.url}/api/v1/uploads/${first.id}`, { method: 'DELETE' });
    complete(await send('undo', DIVES));
    assert.equal((await tableOf('undo')).time_column, 'Date');
  });
});
