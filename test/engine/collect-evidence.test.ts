import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CsvSource } from '../../src/csv/segment.ts';
import { decideFormats } from '../../src/csv/values/decide-formats.ts';
import { NO_OPTIONS } from '../../src/csv/values/value-options.ts';
import { columns, parsedFile } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

const quoted = (values: readonly string[]): string =>
  values.map((value) => `"${value.replaceAll('"', '""')}",x\n`).join('');

describe('inferring the types of a first file', () => {
  let running: EngineInFolder;
  before(async () => {
    running = await engineInFolder();
  });
  after(() => running.close());

  const cases: readonly [string, readonly string[], string, string?][] = [
    ['integers up to 64 bits', ['1', '-5', '0', '9223372036854775807'], 'integer'],
    ['integers with spaces around them', [' 1', '2 '], 'integer'],
    ['integers over 64 bits', ['9223372036854775808', '1'], 'text'],
    ['leading zeros', ['007', '1'], 'text'],
    ['leading zeros among decimals', ['1.5', '007'], 'text'],
    ['decimals', ['1.5', '2', '-0.25', '1e5', '.5', '5.'], 'number'],
    ['numbers with NaN and infinity', ['nan', '1.5', 'inf', '-Infinity'], 'number'],
    ['numbers over the maximum of a float', ['1e400', '1'], 'text'],
    ['integers over 15 digits among decimals', ['12345678901234567', '1.5'], 'text'],
    ['underscores, which DuckDB ignores in numbers', ['1_000', '2_000'], 'text'],
    ['telephone numbers', ['+49123', '+33'], 'text'],
    ['hexadecimal numbers', ['0x10', '0x11'], 'text'],
    ['true and false', ['true', 'FALSE'], 'boolean'],
    ['ISO dates', ['2014-07-01', '2015-01-02'], 'date'],
    ['ISO times with and without offsets', ['2014-07-01T00:00:00Z', '2014-07-01 00:00:00.5-05:00'], 'timestamp'],
    ['times of the year 1, since years start at 1000', ['0001-01-01T00:00:00', '2014-01-01T00:00:00'], 'text'],
    ['month names', ['Jan 1 2000', 'Feb 1 2000'], 'date'],
    ['dates with the month first', ['12/31/2020', '01/02/2020'], 'date', 'mdy'],
    ['dates with the day first', ['31/12/2020', '01/02/2020'], 'date', 'dmy'],
    ['two-digit years', ['12/31/20 10:00'], 'timestamp', 'mdy'],
    ['German times', ['31.12.2020 23:59:59', '01.01.2021 00:00:00'], 'timestamp', 'dmy'],
    ['times in web server logs', ['10/Oct/2000:13:55:36 -0700'], 'timestamp'],
    ['times in e-mail', ['Tue, 01 Jul 2014 10:00:00 +0200'], 'timestamp'],
    ['version numbers', ['1.2.3', '1.10.0'], 'text'],
    ['times of day', ['10:00', '11:00'], 'text'],
    ['words that DuckDB accepts as times', ['epoch', '2014-07-01'], 'text'],
    ['infinite times', ['infinity', '2014-07-01'], 'text'],
    ['no value', ['', ''], 'unknown'],
  ];
  /** Decides how the first column of a source is read. */
  async function decide(source: CsvSource) {
    const request = { index: 0, pattern: null, maxRecords: null };
    const [evidence] = await running.engine.call('collect_evidence', { source, columns: [request], nulls: [] });
    assert.ok(evidence);
    const columns = [{ name: 'a', evidence }];
    const decision = decideFormats({ columns, delimiter: ',', options: NO_OPTIONS, table: null });
    const [column] = decision.columns;
    assert.ok(column);
    return { ...decision, format: column.format };
  }

  for (const [name, values, type, order] of cases) {
    it(`reads ${name} as ${type}`, async () => {
      const { format } = await decide(running.source(['a', 'b'], quoted(values)));
      assert.equal(format.type, type);
      assert.equal('order' in format ? format.order : null, order ?? null);
    });
  }

  it('asks about dates that can be read day first and month first', async () => {
    const { questions } = await decide(running.source(['a', 'b'], quoted(['01/02/2020', '03/04/2020'])));
    assert.deepEqual(
      questions.map(({ column, line, option }) => [column, line, option]),
      [['a', 2, 'date_order']],
    );
  });

  it('finds the one value that decides among many', async () => {
    const values = Array.from({ length: 50_000 }, (_, index) => `${index}`);
    for (const [value, type] of [
      ['007', 'text'],
      ['1.5', 'number'],
      ['9223372036854775808', 'text'],
    ] as const) {
      const source = running.source(['a', 'b'], quoted([...values, value]), quoted(values));
      assert.equal((await decide(source)).format.type, type, value);
    }
  });

  it('looks at as many records as it is asked to, of each column', async () => {
    const source = running.source(['a', 'b'], '1,x\n2,2\n', '3,3\nx,x\n');
    const columns = [
      { index: 0, pattern: null, maxRecords: 3 },
      { index: 1, pattern: null, maxRecords: 1 },
    ];
    const found = await running.engine.call('collect_evidence', { source, columns, nulls: [] });
    const counts = found.map(({ values }) => [...values.values()].map(({ count, text }) => [count, text]));
    assert.deepEqual(counts, [[[3, '1']], [[1, 'x']]]);
  });

  it('leaves out records that are malformed or of another length', async () => {
    const source = running.source(['a', 'b'], '"1"x,1\n2\n3,3,3\n4,4\n');
    const columns = [{ index: 0, pattern: null, maxRecords: null }];
    const [found] = await running.engine.call('collect_evidence', { source, columns, nulls: [] });
    assert.deepEqual(
      [...(found?.values.values() ?? [])].map(({ text, line }) => [text, line]),
      [['4', 5]],
    );
  });

  it('finds the first time in line order, in UTC to the microsecond', async () => {
    const first = quoted(['', '2014-07-01 00:00:00.123456+02:00', '2010-01-01 00:00:00']);
    const source = running.source(['a', 'b'], first, quoted(['2000-01-01 00:00:00']));
    const file = parsedFile(columns({ a: 'timestamp', b: 'text' }));
    const time = await running.engine.call('find_first_time', { ...file, source, timeColumn: 'a' });
    assert.equal(time, BigInt(Date.UTC(2014, 5, 30, 22)) * 1000n + 123456n);
  });
});
