import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RejectionCode } from '../../src/api/rejected-rows.ts';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

interface Case {
  readonly code: string;
  /** The file that creates the table. */
  readonly earlier?: string;
  /** The columns that the customer is created with. */
  readonly declared?: readonly (readonly [name: string, type: string])[];
  readonly file: string;
  /** Default: none. */
  readonly query?: Readonly<Record<string, string>>;
  readonly says: RegExp;
  /** What a reader makes of the hint. */
  readonly remedy:
    | { readonly options: Readonly<Record<string, string>> }
    | { readonly fixed: string }
    /** Undoes the earlier uploads, and uploads the file first. */
    | 'first'
    | { readonly declared: readonly (readonly [name: string, type: string])[] };
  readonly rows: number;
}

/** The default list of null words, as the hint writes it. */
const NULLS = 'NA,N/A,#N/A,NULL,null,\\N,NaT,None,-';

const cases: readonly Case[] = [
  {
    code: 'has_fraction',
    earlier: 'n\n9007199254740993\n',
    file: 'n\n1.5\n2\n',
    says: /stays integer.*widen=text:n/,
    remedy: { options: { widen: 'text:n' } },
    rows: 2,
  },
  {
    code: 'has_fraction',
    declared: [['n', 'integer']],
    file: 'n\n1.5\n2\n',
    says: /declared as integer.*declared as number/,
    remedy: { declared: [['n', 'number']] },
    rows: 2,
  },
  {
    code: 'leading_zero',
    earlier: 'n\n1\n',
    file: 'n\n007\n8\n',
    says: /set widen=text:n: the column becomes text/,
    remedy: { options: { widen: 'text:n' } },
    rows: 2,
  },
  {
    code: 'leading_zero',
    file: 'n\n007\n8\n',
    query: { columns: '[{"name":"n","type":"integer"}]' },
    says: /declare it as text: columns=\[\{"name":"n","type":"text"\}\]/,
    remedy: { options: { columns: '[{"name":"n","type":"text"}]' } },
    rows: 2,
  },
  {
    code: 'leading_zero',
    declared: [['n', 'integer']],
    file: 'n\n007\n8\n',
    says: /declared as text/,
    remedy: { declared: [['n', 'text']] },
    rows: 2,
  },
  {
    code: 'not_number',
    earlier: 'n,m\n1.5,1\n',
    file: 'n,m\n$2.5,1\n3.5%,2\n',
    says: /^Write the numbers without it\. Or fix/,
    remedy: { fixed: 'n,m\n2.5,1\n3.5,2\n' },
    rows: 2,
  },
  {
    code: 'not_integer',
    earlier: 'n,m\n1,1\n',
    file: 'n,m\n2,1\nn,m\n',
    says: /^(?!.*nulls=).*on_error=skip/,
    remedy: { options: { on_error: 'skip' } },
    rows: 1,
  },
  {
    code: 'wrong_field_count',
    earlier: 'n,m\n1,x\n',
    file: 'n,m\n2,x\\,y\n3,z\n',
    says: /set escape=\\\./,
    remedy: { options: { escape: '\\' } },
    rows: 2,
  },
  {
    code: 'wrong_field_count',
    earlier: 'n,m\n1,x\n',
    file: "n,m\n2,'x,y'\n3,'z'\n",
    says: /set quote='\./,
    remedy: { options: { quote: "'" } },
    rows: 2,
  },
  {
    code: 'leading_plus',
    earlier: 'n\n1\n',
    file: 'n\n+49\n',
    says: /set widen=text:n: the column becomes text/,
    remedy: { options: { widen: 'text:n' } },
    rows: 1,
  },
  {
    code: 'out_of_range',
    earlier: 'n\n1\n',
    file: 'n\n9223372036854775808\n',
    says: /set widen=text:n: the column becomes text/,
    remedy: { options: { widen: 'text:n' } },
    rows: 1,
  },
  {
    code: 'too_many_digits',
    earlier: 'n\n1.5\n',
    file: 'n\n9007199254740993\n',
    says: /set widen=text:n: the column becomes text/,
    remedy: { options: { widen: 'text:n' } },
    rows: 1,
  },
  {
    code: 'has_clock_time',
    earlier: 'd\n2024-01-01\n',
    file: 'd\n2024-01-01 10:00\n',
    says: /upload this file first/,
    remedy: 'first',
    rows: 1,
  },
  {
    code: 'other_number_style',
    earlier: 'n;m\n1.5;1.25\n',
    file: 'n;m\n1,5;2,25\n3;4\n',
    says: /set decimal=,/,
    remedy: { options: { decimal: ',' } },
    rows: 2,
  },
  {
    code: 'other_number_style',
    earlier: 'n\n1\n',
    file: 'n\n1,000,000\n2,000,000\n3 000 000\n',
    query: { delimiter: ';' },
    says: /Write all numbers of the file in one style/,
    remedy: { fixed: 'n\n1000000\n2000000\n3000000\n' },
    rows: 3,
  },
  {
    code: 'other_date_order',
    earlier: 'd\n31/01/2024\n',
    file: 'd\n01/31/2024\n02/28/2024\n',
    says: /date_order=mdy/,
    remedy: { options: { date_order: 'mdy' } },
    rows: 2,
  },
  {
    code: 'no_such_day',
    earlier: 'd\n2024-01-01\n',
    file: 'd\n2024-01-02\n0000-00-00\n',
    says: /If '0000-00-00' means that there is no value, set nulls=NA,.*,0000-00-00\./,
    remedy: { options: { nulls: `${NULLS},0000-00-00` } },
    rows: 2,
  },
  {
    code: 'no_such_day',
    earlier: 'd\n2024-01-01\n',
    file: 'd\n2024-02-30\n2024-02-28\n',
    says: /Or fix the rows.*or retry the upload with on_error=skip/,
    remedy: { options: { on_error: 'skip' } },
    rows: 1,
  },
  {
    code: 'no_such_clock_time',
    earlier: 'd\n2024-01-01 10:00\n',
    file: 'd\n2024-01-01 25:00\n2024-01-01 11:00\n',
    says: /^Fix the rows.*on_error=skip/,
    remedy: { options: { on_error: 'skip' } },
    rows: 1,
  },
  {
    code: 'wrong_weekday',
    earlier: 'd\nMon 1 Jan 2024\n',
    file: 'd\nSun 1 Jan 2024\n',
    says: /^Fix the rows/,
    remedy: { fixed: 'd\nMon 1 Jan 2024\n' },
    rows: 1,
  },
  {
    code: 'no_such_local_time',
    earlier: 'at\n2024-01-01 10:00\n',
    file: 'at\n2024-03-31 02:30\n',
    query: { time_zone: 'Europe/Berlin' },
    says: /time_zone=UTC/,
    remedy: { options: { time_zone: 'UTC' } },
    rows: 1,
  },
  ...(
    [
      ['not_integer', '1'],
      ['not_number', '1.5'],
      ['not_boolean', 'true'],
      ['not_date', '2024-01-01'],
      ['not_timestamp', '2024-01-01 10:00'],
    ] as const
  ).flatMap(([code, value]): readonly Case[] => [
    {
      code,
      earlier: `x\n${value}\n`,
      file: `x\n${value}\nunknown\nNA\n`,
      says: /If 'unknown' means that there is no value, set nulls=NA,.*,unknown\./,
      remedy: { options: { nulls: `${NULLS},unknown` } },
      rows: 3,
    },
    {
      code,
      earlier: `x\n${value}\n`,
      file: `x\n${value}\n"a, b"\n`,
      // The time column keeps its type.
      says: /date|timestamp/.test(code)
        ? /^Fix the rows.*on_error=skip/
        : /^If it is a value, set widen=text:x:.*on_error=skip/,
      remedy: { options: /date|timestamp/.test(code) ? { on_error: 'skip' } : { widen: 'text:x' } },
      rows: /date|timestamp/.test(code) ? 1 : 2,
    },
  ]),
  {
    code: 'wrong_field_count',
    earlier: 'a,b\n1,2\n',
    file: 'a,b\n1,2\n3,4,\n',
    says: /surplus=drop_empty/,
    remedy: { options: { surplus: 'drop_empty' } },
    rows: 2,
  },
  {
    code: 'wrong_field_count',
    earlier: 'a,b\n1,2\n',
    file: 'a,b\n1,2\nTotal\n',
    says: /^Fix the rows.*on_error=skip/,
    remedy: { options: { on_error: 'skip' } },
    rows: 1,
  },
];

/** Codes without a case, and why. */
const WITHOUT_CASE: Readonly<Record<string, string>> = {
  malformed_record: 'the cutter refuses such files first',
  ambiguous_date: 'decisions with ambiguous dates are questions',
  not_clock_time: 'of a time column that is made of two columns',
};

async function send(
  customer: string,
  csv: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Reply['body']> {
  return (await put(thena.url, customer, csv, WAIT, `?${new URLSearchParams(query)}`)).body;
}

async function create(customer: string, columns: Case['declared']): Promise<void> {
  if (columns === undefined) return;
  const json = { customer_id: customer, columns: columns.map(([name, type]) => ({ name, type })) };
  assert.equal((await call(`${thena.url}/api/v1/customers`, { json })).status, 201);
}

describe('the hint of rejected rows', () => {
  for (const [index, { code, earlier, declared, file, query, says, remedy, rows }] of cases.entries()) {
    const what = remedy === 'first' ? 'this file first' : JSON.stringify(remedy);
    it(`leads from ${code} to rows, with ${what}`, async () => {
      const customer = `value-hint-${index}`;
      await create(customer, declared);
      const first = earlier === undefined ? null : await send(customer, earlier);
      if (first) assert.equal(first.status, 'complete', JSON.stringify(first));
      const { error } = await send(customer, file, query);
      assert.equal(error?.code, 'rows_rejected', JSON.stringify(error));
      assert.equal(error.rejects[0].code, code, JSON.stringify(error));
      assert.match(error.hint, says);
      if (remedy === 'first' || 'declared' in remedy)
        assert.doesNotMatch(error.hint, /on_error/, 'the values are right');
      if (remedy === 'first') await call(`${thena.url}/api/v1/uploads/${first?.id}`, { method: 'DELETE' });
      const other = typeof remedy === 'object' && 'declared' in remedy;
      if (other) await create(`${customer}-other`, remedy.declared);
      const fixed = typeof remedy === 'object' && 'fixed' in remedy ? remedy.fixed : file;
      const options = typeof remedy === 'object' && 'options' in remedy ? remedy.options : {};
      const body = await send(other ? `${customer}-other` : customer, fixed, { ...query, ...options });
      assert.equal(body.receipt?.appended, rows, JSON.stringify(body));
    });
  }

  it('is tried for every code', () => {
    const tried = new Set([...cases.map(({ code }) => code), ...Object.keys(WITHOUT_CASE)]);
    assert.deepEqual(
      RejectionCode.enum.filter((code) => !tried.has(code)),
      [],
    );
  });
});
