/**
 * Loads a file without faults and the same file with faults, alternately. A faulty file may take at most three times as long.
 *
 *   npm run bench:faulty -- [--mib 50] [--rounds 3]
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { startThenaProcess } from '../harness/thena-process.ts';
import { median, upload } from './measure.ts';

const GOAL = 3;
const COLUMNS = 20;
const NAMES = Array.from({ length: COLUMNS }, (_, index) => `c${index}`);

type Fault = (fields: string[]) => void;

/** What is wrong with a row. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'a text among integers': (fields) => {
    fields[0] = 'unknown';
  },
  'a day that does not exist': (fields) => {
    fields[2] = '2024-02-30';
  },
  'a field too many': (fields) => {
    fields.push('');
  },
};

/** A field of each type in turn. */
function fieldsOf(row: number): string[] {
  const day = String(1 + (row % 28)).padStart(2, '0');
  const values = [
    String(row),
    (row / 8).toFixed(3),
    `2024-01-${day}`,
    `2024-01-${day} 10:00:${String(row % 60).padStart(2, '0')}`,
    `name ${row % 1000}`,
  ];
  return NAMES.map((_, index) => values[index % values.length] as string);
}

/** @param share of the rows that have the fault */
async function write(path: string, bytes: number, fault: Fault | null, share: number): Promise<void> {
  function* lines(): Generator<string> {
    yield `${NAMES.join(',')}\n`;
    const every = Math.round(1 / share);
    for (let row = 0, written = 0; written < bytes; ) {
      const batch: string[] = [];
      for (let index = 0; index < 1000; index++, row++) {
        const fields = fieldsOf(row);
        // The first row is right: if each has a field too many, the header is at fault.
        if (fault && row > 0 && row % every === 0) fault(fields);
        batch.push(fields.join(','));
      }
      const text = `${batch.join('\n')}\n`;
      written += text.length;
      yield text;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

const { values } = parseArgs({
  options: { mib: { type: 'string', default: '50' }, rounds: { type: 'string', default: '3' } },
});
const bytes = Number(values.mib) * 1024 * 1024;
const rounds = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), 'thena-bench-'));
const thena = await startThenaProcess(join(folder, 'data'), [], { THENA_MAX_COLUMNS: String(COLUMNS) });
let exceeded = 0;
try {
  const [first, clean, faulty] = ['first.csv', 'clean.csv', 'faulty.csv'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await write(first, 1, null, 1);
  await write(clean, bytes, null, 1);
  let customers = 0;
  /** To a customer whose table has the types already. */
  const load = async (file: string): Promise<number> => {
    const customer = `c${customers++}`;
    await upload(thena, customer, first);
    return upload(thena, customer, file, 'on_error=skip');
  };
  await load(clean);
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const share of [0.01, 1]) {
      await write(faulty, bytes, fault, share);
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const cleanMs = await load(clean);
        const faultyMs = await load(faulty);
        ratios.push(faultyMs / cleanMs);
      }
      const ratio = median(ratios);
      if (ratio > GOAL) exceeded++;
      console.log(
        `${name}, ${100 * share} % of the rows: ${ratio.toFixed(2)} times as long (${ratios.map((each) => each.toFixed(2)).join(', ')})`,
      );
    }
  }
  console.log(exceeded === 0 ? `At most ${GOAL} times as long.` : `${exceeded} of them exceed ${GOAL} times.`);
} finally {
  await thena.end('SIGINT');
  await rm(folder, { recursive: true, force: true });
}
