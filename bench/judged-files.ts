import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** A file with values whose shapes do not make them certain, and one with the same rows that ClickHouse and DuckDB read as they are. */
export interface JudgedFile {
  readonly name: string;
  /** Options of the upload with judged values. */
  readonly options?: string;
  readonly delimiter?: string;
  readonly encoding?: BufferEncoding;
  readonly header: readonly string[];
  readonly judged: (row: Row) => readonly string[];
  readonly certain: (row: Row) => readonly string[];
}

interface Row {
  readonly number: number;
  /** A random number below 2^32. */
  readonly random: number;
  readonly at: Date;
}

const CITIES = ['Köln', 'Paris', 'São Paulo', 'Málaga', 'Zürich', 'Oslo', 'Orléans', 'Århus'];
const SAID = ['She said "yes", twice', 'a "b" c', '"quoted"', 'no, "never"', 'plain, with a comma'];
const pad = (value: number): string => String(value).padStart(2, '0');

const id = ({ number }: Row): string => String(10_000_000 + number);
const city = ({ random }: Row): string => CITIES[random % CITIES.length] as string;
const said = ({ random }: Row): string => `"${SAID[random % SAID.length]?.replaceAll('"', '""')}"`;
const count = ({ random }: Row): string => String((random >>> 7) % 5000);
const amount = ({ random }: Row): string => `${(random >>> 8) % 10_000}.${pad(random % 100)}`;
const weight = ({ random }: Row): string => `${random % 900}.${pad((random >>> 5) % 100)}5`;
const withComma = (text: string): string => text.replace('.', ',');
const isOn = ({ random }: Row): boolean => random % 3 === 0;
const iso = ({ at }: Row): string => at.toISOString().slice(0, 19);
const toMinute = (row: Row): string => iso(row).slice(0, 16).replace('T', ' ');
const toSecond = (row: Row): string => iso(row).replace('T', ' ');
const dayFirst = ({ at }: Row): string =>
  `${pad(at.getUTCDate())}/${pad(at.getUTCMonth() + 1)}/${at.getUTCFullYear()} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
const monthName = ({ at }: Row): string => {
  const [, day, month, year, clock] = at.toUTCString().split(' ');
  return `${day}-${month}-${year} ${clock}`;
};
const orNa = (text: string, { random }: Row, missing: string): string => (random % 10 === 0 ? missing : text);

/** The first million rows are of days up to the twelfth. */
const DAY_FIRST = 'date_order=dmy';
const HEADER = ['occurred_at', 'event_id', 'city', 'count', 'amount'];
/** A file in which only the time is judged. */
const oneTime = (name: string, time: (row: Row) => string, plain: (row: Row) => string, options = ''): JudgedFile => ({
  name,
  options,
  header: HEADER,
  judged: (row) => [time(row), id(row), city(row), count(row), amount(row)],
  certain: (row) => [plain(row), id(row), city(row), count(row), amount(row)],
});

export const JUDGED_FILES: readonly JudgedFile[] = [
  oneTime('31/12/2024 13:45', dayFirst, toMinute, DAY_FIRST),
  oneTime('2024-12-31T13:45:07Z', (row) => `${iso(row)}Z`, toSecond),
  oneTime('2024-12-31 13:45:07 UTC', (row) => `${toSecond(row)} UTC`, toSecond),
  oneTime('31-Dec-2024 13:45:07', monthName, toSecond),
  oneTime('time_zone=Europe/Berlin', toSecond, toSecond, 'time_zone=Europe/Berlin'),
  oneTime('epoch_s', ({ at }) => String(at.getTime() / 1000), toSecond, 'columns=occurred_at:epoch_s'),
  {
    name: '12,50 and semicolons',
    delimiter: ';',
    header: HEADER,
    judged: (row) => [toSecond(row), id(row), city(row), count(row), withComma(amount(row))],
    certain: (row) => [toSecond(row), id(row), city(row), count(row), amount(row)],
  },
  {
    name: 'NA in a tenth of a column',
    header: HEADER,
    judged: (row) => [toSecond(row), id(row), city(row), count(row), orNa(amount(row), row, 'NA')],
    certain: (row) => [toSecond(row), id(row), city(row), count(row), orNa(amount(row), row, '')],
  },
  {
    name: 'true and false, instead of yes and no as text',
    header: ['occurred_at', 'event_id', 'city', 'active', 'amount'],
    judged: (row) => [toSecond(row), id(row), city(row), isOn(row) ? 'TRUE' : 'FALSE', amount(row)],
    certain: (row) => [toSecond(row), id(row), city(row), isOn(row) ? 'yes' : 'no', amount(row)],
  },
  {
    name: '31/12/2024 13:45 next to quoted text with doubled quotes',
    options: DAY_FIRST,
    header: ['occurred_at', 'event_id', 'said', 'count', 'amount'],
    judged: (row) => [dayFirst(row), id(row), said(row), count(row), amount(row)],
    certain: (row) => [toMinute(row), id(row), said(row), count(row), amount(row)],
  },
  { ...oneTime('31/12/2024 13:45 in Latin-1', dayFirst, toMinute, DAY_FIRST), encoding: 'latin1' },
  {
    name: 'every column',
    options: DAY_FIRST,
    delimiter: ';',
    header: ['occurred_at', 'count', 'active', 'weight', 'amount'],
    judged: (row) => [
      dayFirst(row),
      orNa(count(row), row, 'NA'),
      isOn(row) ? 'TRUE' : 'FALSE',
      withComma(weight(row)),
      withComma(amount(row)),
    ],
    certain: (row) => [toMinute(row), orNa(count(row), row, ''), isOn(row) ? 'yes' : 'no', weight(row), amount(row)],
  },
];

/** Writes a file with these rows, the same ones each time. */
export async function writeRows(
  path: string,
  file: JudgedFile,
  form: 'judged' | 'certain',
  rows: number,
): Promise<void> {
  const { delimiter = ',', encoding = 'utf8', header } = file;
  const out = createWriteStream(path);
  let random = 1;
  let text = `${header.join(delimiter)}\n`;
  for (let number = 0; number < rows; number++) {
    // A linear congruential generator, without its low bits, which are not random.
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    const at = new Date(1_704_067_200_000 + number * 1000);
    text += `${file[form]({ number, random: random >>> 4, at }).join(delimiter)}\n`;
    if (text.length < 256 * 1024) continue;
    if (!out.write(Buffer.from(text, encoding))) await once(out, 'drain');
    text = '';
  }
  out.end(Buffer.from(text, encoding));
  await once(out, 'close');
}
