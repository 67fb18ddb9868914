import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { call, put, type RunningThena, startThena, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 30);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** Ways to write a day. All are read with `date_order=dmy`. */
const DAYS: Readonly<Record<string, (at: Date) => string>> = {
  iso: (at) => at.toISOString().slice(0, 10),
  slashes: (at) => `${at.getUTCDate()}/${at.getUTCMonth() + 1}/${at.getUTCFullYear()}`,
  month: (at) => `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`,
  midnight: (at) => `${at.toISOString().slice(0, 10)} 00:00:00`,
};

const CLOCKS: Readonly<Record<string, (at: Date) => string>> = {
  seconds: (at) => at.toISOString().slice(11, 19),
  millis: (at) => at.toISOString().slice(11, 23),
  comma: (at) => at.toISOString().slice(11, 23).replace('.', ','),
  zulu: (at) => `${at.toISOString().slice(11, 19)}Z`,
  halves: (at) => {
    const hour = at.getUTCHours();
    return `${hour % 12 || 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
  },
};

const moment = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((at) => new Date(Math.floor(at.getTime() / 1000) * 1000));

/** A row without a day, or without a time of day, or with a note that needs quotes. */
const row = fc.record({
  at: moment,
  lacks: fc.constantFrom<string>('', '', '', '', 'day', 'clock'),
  note: fc.constantFrom<string>('', 'x', 'a,b;c', 'two\nlines', 'say "no"', ' '),
});

const style = fc.record({
  day: fc.constantFrom(...Object.keys(DAYS)),
  clock: fc.constantFrom(...Object.keys(CLOCKS)),
  delimiter: fc.constantFrom(',', ';', '\t', '|', ':'),
  order: fc.constantFrom([0, 1, 2], [2, 1, 0], [1, 2, 0]),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  quotesAll: fc.boolean(),
});

type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;
type Style = typeof style extends fc.Arbitrary<infer Value> ? Value : never;

function written(rows: readonly Row[], { day, clock, delimiter, order, lineEnd, quotesAll }: Style): string {
  const field = (text: string): string =>
    quotesAll || /[",;\t|:\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (texts: readonly string[]): string => order.map((index) => field(texts[index] ?? '')).join(delimiter);
  const lines = rows.map(({ at, lacks, note }) => [
    lacks === 'day' ? '' : (DAYS[day]?.(at) ?? ''),
    lacks === 'clock' ? '' : (CLOCKS[clock]?.(at) ?? ''),
    note,
  ]);
  return [['day', 'clock', 'note'], ...lines].map((texts) => line(texts) + lineEnd).join('');
}

/** The first file has a day and a time of day in every style. */
const first: Row = { at: new Date('2024-03-31T14:15:16Z'), lacks: '', note: 'first' };

let customers = 0;

it('reads back the times of two columns, however both are written', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(style, fc.array(row, { maxLength: 12 })), { minLength: 1, maxLength: 3 }),
      async (files) => {
        const customer = `pairs-${customers++}`;
        const expected: (string | null)[] = [];
        for (const [index, [how, rows]] of files.entries()) {
          const all = [first, ...rows];
          const query = new URLSearchParams({
            delimiter: how.delimiter,
            date_order: 'dmy',
            header: 'true',
            ...(index === 0 ? { time_column: 'day+clock' } : {}),
          });
          const { body } = await put(thena.url, customer, written(all, how), WAIT, `?${query}`);
          assert.equal(body.status, 'complete', JSON.stringify(body.error ?? body));
          expected.push(...all.map(({ at, lacks }) => (lacks === '' ? at.toISOString().replace('.000Z', 'Z') : null)));
        }
        const columns = encodeURIComponent('day+clock');
        const url = `${thena.url}/api/v1/customers/${customer}/table/rows?columns=${columns}&limit=100`;
        const { rows } = (await call(url)).body;
        assert.deepEqual(rows.map(([time]: [string | null]) => time).sort(), expected.sort());
      },
    ),
    { numRuns: RUNS },
  );
});
