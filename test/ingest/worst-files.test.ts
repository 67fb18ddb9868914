import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { childOf, peakBytes } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { call, WAIT } from '../server.ts';

const MIB = 1024 * 1024;
const ENGINE_MEMORY = 512 * MIB;
/** What docs/settings.md says of THENA_ENGINE_MEMORY. */
const ENGINE_BOUND = ENGINE_MEMORY + 300 * MIB;
const MAIN_BOUND = 300 * MIB;
const ALL_ROWS = 1_000_000;

/** A day, two numbers and a text by turns; days and fractions have to be rewritten. */
function cell(row: number, column: number): string {
  const number = 100 + ((row * 7 + column * 13) % 900);
  return [`${1 + (number % 28)}/12/2024`, `${number}`, `1.${number},5`, `text ${number}`][column % 4] as string;
}

function* table(columns: number, rows: number, endOf: (row: number) => string = () => ''): Generator<Buffer> {
  const line = (cellOf: (column: number) => string): string =>
    Array.from({ length: columns }, (_, i) => cellOf(i)).join(';');
  yield Buffer.from(`${line((column) => `c${column}`)}\n`);
  for (let row = 0; row < rows; row++) yield Buffer.from(`${line((column) => cell(row, column))}${endOf(row)}\n`);
}

function* longCells(character: string): Generator<Buffer> {
  yield Buffer.from('a,b\n');
  for (let row = 0; row < 20; row++) yield Buffer.from(`1,${character.repeat(1_900_000)}\n`);
}

function* badRows(): Generator<Buffer> {
  yield Buffer.from('a,b\n1,2\n');
  const part = Buffer.from('1\n'.repeat(ALL_ROWS / 100));
  for (let sent = 0; sent < 100; sent++) yield part;
}

/** Cells that end as late as possible, after quotes that only seem to close them. */
function* quotedCells(): Generator<Buffer> {
  yield Buffer.from('a,b\n');
  for (let row = 0; row < 10; row++) yield Buffer.from(`1,"${'"",""\n'.repeat(300_000)}"\n`);
}

/** All rows but the first hundred have a field too many. */
const longRows = (row: number): string => (row < 100 ? '' : ';x');

describe('the memory of both processes is bounded', {
  skip: process.platform !== 'linux' && 'peak memory is read from /proc',
}, () => {
  let folder: string;
  let thena: ThenaProcess;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-worst-'));
    thena = await startThenaProcess(join(folder, 'data'), [], {
      THENA_ENGINE_MEMORY: String(ENGINE_MEMORY),
      THENA_MAX_COLUMNS: '500',
    });
  });
  after(async () => {
    await thena.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  async function send(customer: string, file: Generator<Buffer>, options = '') {
    const init = { method: 'PUT', body: ReadableStream.from(file), duplex: 'half', headers: WAIT };
    const { body } = await call(`${thena.url}/api/v1/customers/${customer}/uploads?${options}`, init as RequestInit);
    const main = thena.child.pid as number;
    const peaks = { main: peakBytes(main) ?? Number.NaN, engine: peakBytes(childOf(main) ?? 0) ?? Number.NaN };
    assert.ok(body.id, JSON.stringify(body));
    return { ...body, peaks };
  }

  const cases: readonly [
    name: string,
    file: () => Generator<Buffer>,
    options: string,
    appended: number,
    rejected: number,
  ][] = [
    ['500 columns', () => table(500, 4_000), 'date_order=dmy', 4_000, 0],
    [
      '150 columns and 50 rows that are too long',
      () => table(150, 150, longRows),
      'on_error=skip&date_order=dmy',
      100,
      50,
    ],
    ['20 cells of 1.9 MB', () => longCells('x'), '', 20, 0],
    ['20 cells of 1.9 million digits', () => longCells('9'), '', 20, 0],
    ['10 quoted cells of 1.8 MB with line breaks', quotedCells, '', 10, 0],
    ['a million rows that are rejected', badRows, 'on_error=skip', 1, ALL_ROWS],
  ];
  for (const [index, [name, file, options, appended, rejected]] of cases.entries()) {
    it(`when a file with ${name} is loaded`, async (t) => {
      const { status, receipt, error, attempts, peaks } = await send(`c${index}`, file(), options);
      t.diagnostic(JSON.stringify(peaks));
      assert.deepEqual(
        [status, attempts, receipt?.appended, receipt?.rejected],
        ['complete', 1, appended, rejected],
        JSON.stringify(error ?? null),
      );
      assert.ok(peaks.engine <= ENGINE_BOUND, `the engine took ${peaks.engine} bytes`);
      assert.ok(peaks.main <= MAIN_BOUND, `the main process took ${peaks.main} bytes`);
    });
  }
});
