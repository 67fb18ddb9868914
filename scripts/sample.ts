/**
 * Writes a CSV file of made-up events to standard output: the same rows for the same seed, on every machine.
 *
 *   npm run --silent sample -- --rows 1000000 --seed 1 > events.csv
 *
 * Five columns, the time column first: `occurred_at,event_id,event_type,country,amount`. Times rise by up to two
 * seconds a row from 2024-01-01T00:00:00Z, so that the first row is also the earliest and the last one the latest.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const EVENT_TYPES = ['page_view', 'click', 'add_to_cart', 'purchase', 'sign_up', 'log_in', 'search', 'refund'] as const;
const COUNTRIES = ['DE', 'FR', 'GB', 'US', 'IN', 'BR', 'JP', 'NG', 'MX', 'IL'] as const;
const CHUNK_BYTES = 256 * 1024;

/** A 32-bit linear congruential generator (constants of Numerical Recipes); returns integers from 0 to 2^32 - 1. */
function randomIntegers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** Yields CSV text in chunks of about {@link CHUNK_BYTES}: a header line, then `rows` lines. */
function* sampleEvents(rows: number, seed: number): Generator<string> {
  const next = randomIntegers(seed);
  let text = 'occurred_at,event_id,event_type,country,amount\n';
  let microseconds = Date.UTC(2024, 0, 1) * 1000;
  let second = -1;
  let secondText = '';
  for (let row = 0; row < rows; row++) {
    // The high bits of a linear congruential generator are the random ones.
    const bits = next();
    const millisecond = Math.floor(microseconds / 1000);
    if (Math.floor(millisecond / 1000) !== second) {
      second = Math.floor(millisecond / 1000);
      secondText = new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ');
    }
    const fraction = pad(microseconds % 1_000_000, 6);
    const type = EVENT_TYPES[bits >>> 29];
    const country = COUNTRIES[(bits >>> 20) % COUNTRIES.length];
    const cents = (bits >>> 8) % 1_000_000;
    text += `${secondText}.${fraction},${10_000_000 + row},${type},${country},${Math.floor(cents / 100)}.${pad(cents % 100, 2)}\n`;
    if (text.length >= CHUNK_BYTES) {
      yield text;
      text = '';
    }
    microseconds += (next() >>> 11) % 2_000_000;
  }
  yield text;
}

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
const rows = Number(values.rows);
const seed = Number(values.seed);
if (!Number.isSafeInteger(rows) || rows < 0 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: npm run --silent sample -- --rows 1000000 [--seed 1] > events.csv\n');
  process.exit(2);
}
// A reader that has seen enough (`| head`) closes the pipe: an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
for (const chunk of sampleEvents(rows, seed)) {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}
