import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { NAMES, type PollutedFile, pollutedFiles } from './polluted-tables.ts';

const { FAST_CHECK_RUNS = '150', FAST_CHECK_SEED } = process.env;

/** Problems with the text of a file, and with all of its rows. */
const HONEST = new Set([
  'rows_rejected',
  'title_above_header',
  'header_too_short',
  'column_name_invalid',
  'duplicate_column',
  'text_after_quote',
  'quote_not_closed',
  'nul_byte',
  'stray_carriage_return',
  'ambiguous_values',
]);

describe('a polluted table', () => {
  let thena: RunningThena;
  let customers = 0;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  async function check({ kind, text, options, rows, untouched }: PollutedFile): Promise<void> {
    const customer = `polluted-${customers++}`;
    const query = new URLSearchParams({ on_error: 'skip', ...options });
    const { body } = await put(thena.url, customer, text, WAIT, `?${query}`);
    const description = `${kind}: ${JSON.stringify(text)} ${JSON.stringify(body)}`;
    const code = body.code ?? body.error?.code;
    if (code !== undefined) {
      assert.ok(HONEST.has(code), description);
      return;
    }
    assert.equal(body.status, 'complete', description);
    const { receipt } = body;
    assert.equal(receipt.rows_in_file, receipt.appended + receipt.rejected, description);
    const names = receipt.columns.map(({ name }: Reply['body']) => name);
    // A polluted header names other columns, which the receipt shows.
    if (kind.endsWith('the header') && JSON.stringify(names) !== JSON.stringify(NAMES)) return;
    assert.deepEqual(names, NAMES, description);
    const stored: readonly string[] = (await storedRows(customer)).map((row) =>
      JSON.stringify(row.map((value) => value ?? '')),
    );
    const types: readonly string[] = receipt.columns.map(({ type }: Reply['body']) => type);
    const allowed = new Set(rows.map((row) => JSON.stringify(valuesOf(row, types))));
    const isWarned = receipt.warnings.some((warning: string) => /quote inside an unquoted field/.test(warning));
    const unknown = stored.filter((row) => !allowed.has(row));
    assert.ok(unknown.length === 0 || isWarned, `changed: ${unknown} of ${description}`);
    const rejects = receipt.rejected === 0 ? [] : await rejectedLines(body.id);
    for (const { row, line } of untouched) {
      const isStored = stored.includes(JSON.stringify(valuesOf(row, types)));
      // A quote may take in the lines behind it.
      assert.ok(isStored || rejects.some((rejected) => rejected <= line), `line ${line} is missing: ${description}`);
    }
    if (types.join() !== 'integer,text,date,number')
      assert.ok(receipt.warnings.length > 0, `no warning: ${description}`);
  }

  async function storedRows(customer: string): Promise<readonly (readonly unknown[])[]> {
    const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows?limit=1000`);
    return body.rows;
  }

  async function rejectedLines(upload: string): Promise<readonly number[]> {
    const { body } = await call(`${thena.url}/api/v1/uploads/${upload}/rejects?limit=100`);
    return body.items.map(({ line }: { line: number }) => line);
  }

  it('is exact, refused, or every row is kept right or reported', async () => {
    await fc.assert(fc.asyncProperty(pollutedFiles, check), {
      numRuns: Number(FAST_CHECK_RUNS),
      ...(FAST_CHECK_SEED && { seed: Number(FAST_CHECK_SEED) }),
      includeErrorInReport: true,
    });
  });
});

/** A row as JSON values of these types. Null and the empty text are the same here. */
function valuesOf(row: readonly string[], types: readonly string[]): readonly unknown[] {
  return row.map((text, index) => {
    if (text === '-' && types[index] !== 'text') return '';
    const isNumber = types[index] === 'integer' || types[index] === 'number';
    return isNumber && text !== '' ? Number(text) : text;
  });
}
