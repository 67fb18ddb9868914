import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { OPTION_NAMES } from '../../src/http/uploads/upload-options.ts';
import { call, ended, formOf, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { begin, send } from './tus-requests.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const CSV = 'day,n\n2024-01-02,1\n2024-01-03,2\n2024-01-04,3\n';

interface Given {
  readonly option: string;
  readonly text: string;
  /** As responses show it. */
  readonly shown: unknown;
  /** As JSON, if that is no text. */
  readonly json?: unknown;
}

const FOR_CUSTOMERS: readonly Given[] = [
  { option: 'delimiter', text: 'comma', shown: ',' },
  { option: 'quote', text: "'", shown: "'" },
  { option: 'header', text: 'true', shown: true, json: true },
  { option: 'encoding', text: 'latin1', shown: 'windows-1252' },
  { option: 'skip_lines', text: '0', shown: 0, json: 0 },
  { option: 'comment', text: '#', shown: '#' },
  { option: 'escape', text: 'backslash', shown: '\\' },
  { option: 'surplus', text: 'drop_empty', shown: 'drop_empty' },
  { option: 'strip_nul', text: 'true', shown: true, json: true },
  { option: 'on_error', text: 'skip', shown: 'skip' },
  { option: 'duplicates', text: 'reject', shown: 'reject' },
  { option: 'decimal', text: 'comma', shown: ',' },
  { option: 'thousands', text: 'space', shown: ' ' },
  { option: 'nulls', text: 'NA, -', shown: ['NA', '-'] },
  { option: 'time_zone', text: 'europe/berlin', shown: 'Europe/Berlin' },
  { option: 'date_order', text: 'DMY', shown: 'dmy' },
  { option: 'widen', text: 'Text:N', shown: 'text:n' },
];

const FOR_UPLOADS: readonly Given[] = [
  ...FOR_CUSTOMERS,
  { option: 'dry_run', text: 'true', shown: true },
  { option: 'time_column', text: 'DAY', shown: 'DAY' },
  {
    option: 'columns',
    text: 'DAY:date',
    shown: [{ name: 'DAY', type: 'date', format: null, time_zone: null }],
  },
];

let customers = 0;
const newCustomer = (): string => `door-${customers++}`;
const query = ({ option, text }: Given): string => `?${new URLSearchParams({ [option]: text })}`;
const create = (json: unknown): Promise<Reply> => call(`${thena.url}/api/v1/customers`, { json });

/** The ways in which an upload gets its options. Each answers with the upload. */
const DOORS: Readonly<Record<string, (given: Given) => Promise<Reply['body']>>> = {
  'a form': async ({ option, text }) => {
    const body = formOf([option, text], ['customer_id', newCustomer()], ['file', Buffer.from(CSV)]);
    return (await call(`${thena.url}/api/v1/event/`, { method: 'POST', body })).body;
  },
  'a form, after the file': async ({ option, text }) => {
    const body = formOf(['file', Buffer.from(CSV)], ['customer_id', newCustomer()], [option, text]);
    return (await call(`${thena.url}/api/v1/event/`, { method: 'POST', body })).body;
  },
  'the URL of a form': async (given) => {
    const body = formOf(['customer_id', newCustomer()], ['file', Buffer.from(CSV)]);
    return (await call(`${thena.url}/api/v1/event/${query(given)}`, { method: 'POST', body })).body;
  },
  'the URL of a body': async (given) => (await put(thena.url, newCustomer(), CSV, {}, query(given))).body,
  'the metadata of a resumable upload': async ({ option, text }) => {
    const bytes = Buffer.from(CSV);
    const { headers } = await begin(thena.url, bytes.length, { customer_id: newCustomer(), [option]: text });
    const address = `${thena.url}${headers.get('location')}`;
    const before = (await call(address.replace('/tus/', '/uploads/'))).body.options;
    await send(address, 0, bytes);
    const upload = await ended(thena.url, address.split('/').at(-1) ?? '');
    assert.deepEqual(before, upload.options, 'while it is received');
    return upload;
  },
  'a retry': async (given) => {
    const customer = newCustomer();
    await put(thena.url, customer, CSV, WAIT);
    const failed = (await put(thena.url, customer, `${CSV}x,4\n`, WAIT)).body;
    assert.equal(failed.error.code, 'rows_rejected');
    return (await call(`${thena.url}/api/v1/uploads/${failed.id}/retry${query(given)}`, { method: 'POST' })).body;
  },
};

/** A retry reads text that was decoded before. */
const REFUSED: readonly string[] = ['a retry: encoding'];

describe('every option', () => {
  it('is tried here', () => {
    const tried = [...FOR_UPLOADS.map(({ option }) => option), 'corrects'];
    assert.deepEqual([...OPTION_NAMES].sort(), tried.sort());
  });

  for (const [door, open] of Object.entries(DOORS)) {
    it(`can be given in ${door}`, async () => {
      for (const given of FOR_UPLOADS) {
        const upload = await open(given);
        if (REFUSED.includes(`${door}: ${given.option}`)) assert.equal(upload.code, 'upload_option_invalid');
        else assert.deepEqual(upload.options?.[given.option], given.shown, `${given.option} ${JSON.stringify(upload)}`);
        assert.deepEqual(upload.options?.from_customer ?? [], []);
      }
    });
  }

  it('can be declared for a customer, and then holds for uploads that do not set it', async () => {
    for (const { option, text, shown, json = text } of FOR_CUSTOMERS) {
      const customer = newCustomer();
      const created = await create({ customer_id: customer, defaults: { [option]: json } });
      assert.deepEqual(created.body.customer?.declared.defaults[option], shown, JSON.stringify(created.body));
      const { body } = await put(thena.url, customer, CSV, WAIT);
      assert.deepEqual([body.options?.[option], body.options?.from_customer], [shown, [option]], JSON.stringify(body));
    }
    for (const option of ['dry_run', 'columns', 'time_column', 'corrects']) {
      const { body } = await create({ customer_id: newCustomer(), defaults: { [option]: true } });
      assert.equal(body.code, 'bad_request', option);
    }
  });
});

describe("a customer's options", () => {
  const FILE = '# by hand\nday;n\n2024-01-02;1,5\n';

  it('are those of uploads by every door, unless they set them', async () => {
    const defaults = { delimiter: ';', comment: '#', decimal: ',', on_error: 'skip' };
    assert.equal((await create({ customer_id: 'semicolons', defaults })).status, 201);
    const sends: Readonly<Record<string, () => Promise<Reply>>> = {
      form: () => {
        const body = formOf(['customer_id', 'semicolons'], ['file', Buffer.from(FILE)]);
        return call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT });
      },
      'form, file first': () => {
        const body = formOf(['file', Buffer.from(FILE)], ['customer_id', 'semicolons']);
        return call(`${thena.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT });
      },
      body: () => put(thena.url, 'semicolons', FILE, WAIT),
    };
    for (const [door, sending] of Object.entries(sends)) {
      const { body } = await sending();
      assert.deepEqual([body.status, body.receipt?.appended], ['complete', 1], `${door} ${JSON.stringify(body)}`);
      assert.deepEqual(
        [body.options.delimiter, body.options.comment, body.options.decimal, body.receipt.delimiter],
        [';', '#', ',', ';'],
      );
      assert.deepEqual([...body.options.from_customer].sort(), ['comment', 'decimal', 'delimiter', 'on_error']);
    }
    const own = await put(thena.url, 'semicolons', 'day,n\n2024-01-03,2\n', WAIT, '?delimiter=comma&decimal=.');
    assert.deepEqual([own.body.status, own.body.receipt?.appended], ['complete', 1], JSON.stringify(own.body));
    assert.deepEqual([...own.body.options.from_customer].sort(), ['comment', 'on_error']);
  });

  it('give way to `auto`, which leaves it to the file', async () => {
    const defaults = { delimiter: ';', date_order: 'mdy' };
    await create({ customer_id: 'auto', defaults });
    const { body } = await put(thena.url, 'auto', 'd,n\n13/1/2024,1\n', WAIT, '?delimiter=auto&date_order=auto');
    assert.deepEqual([body.status, body.receipt?.delimiter], ['complete', ','], JSON.stringify(body));
    assert.deepEqual([body.options.delimiter, body.options.date_order, body.options.from_customer], [null, null, []]);
  });

  it('stay what they are in a retry, unless it sets them', async () => {
    const defaults = { delimiter: ';', duplicates: 'reject' };
    await create({ customer_id: 'retries', defaults });
    const failed = (await put(thena.url, 'retries', 'a;b\n1;2\n3\n', WAIT)).body;
    assert.equal(failed.error?.code, 'rows_rejected', JSON.stringify(failed));
    const url = `${thena.url}/api/v1/uploads/${failed.id}/retry`;
    const { body } = await call(`${url}?on_error=skip&duplicates=append`, { method: 'POST', headers: WAIT });
    assert.deepEqual([body.status, body.receipt?.appended], ['complete', 1], JSON.stringify(body));
    assert.deepEqual(body.options.from_customer, ['delimiter']);
  });

  it('are named if they contradict those of an upload', async () => {
    await create({ customer_id: 'contradicts', defaults: { comment: ';', decimal: ',' } });
    const refused = await put(thena.url, 'contradicts', CSV, WAIT, '?delimiter=semicolon');
    assert.equal(refused.body.code, 'upload_option_invalid');
    assert.match(
      refused.body.detail,
      /^delimiter and comment are the same character\. Options .* are the customer's\.$/,
    );
    // One mark for numbers comes with the other: both are the upload's.
    const { body } = await put(thena.url, 'contradicts', CSV, WAIT, '?thousands=comma');
    assert.deepEqual([body.options?.decimal, body.options?.thousands], [null, ','], JSON.stringify(body));
    const own = await create({ customer_id: 'itself', defaults: { comment: ';', delimiter: ';' } });
    assert.equal(own.body.code, 'upload_option_invalid');
  });

  it('decide how a long form is read whose customer comes after the file, or refuse it', async () => {
    const long = Buffer.from(`a,b;c,d\n${'1,2;3,4\n'.repeat(500_000)}`);
    const form = (customer: string) =>
      call(`${thena.url}/api/v1/event/`, {
        method: 'POST',
        body: formOf(['file', long], ['customer_id', customer]),
        headers: WAIT,
      });
    await create({ customer_id: 'late', defaults: { delimiter: ';' } });
    const { body } = await form('late');
    assert.deepEqual([body.status, body.receipt?.columns.length], ['complete', 2], JSON.stringify(body));
    await create({ customer_id: 'too-late', defaults: { encoding: 'utf-16le' } });
    const refused = await form('too-late');
    assert.equal(refused.body.code, 'upload_option_invalid');
    assert.match(refused.body.detail, /default for encoding\. Send customer_id before the file\.$/);
  });
});
