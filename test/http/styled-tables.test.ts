import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Cell } from '../csv/values/written-files.ts';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { type StyledTable, styledTables } from './styled-tables.ts';

const { FAST_CHECK_RUNS = '150', FAST_CHECK_SEED } = process.env;

describe('a table of known values, in files of any style', () => {
  let thena: RunningThena;
  let customers = 0;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  /** The stored rows by their number. */
  async function stored(customer: string): Promise<{ types: readonly string[]; rows: ReadonlyMap<string, unknown[]> }> {
    const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows?limit=1000`);
    const { columns, rows } = body as { columns: { name: string; type: string }[]; rows: unknown[][] };
    return {
      types: columns.map(({ type }) => type),
      rows: new Map(rows.map((row) => [String(row[0]), row])),
    };
  }

  async function check({ names, files }: StyledTable): Promise<void> {
    const customer = `styled-${customers++}`;
    const expected = new Map<string, { row: readonly Cell[]; said: readonly string[] }>();
    const description: unknown[] = [];
    for (const { text, rows } of files) {
      const { body } = await put(thena.url, customer, text, WAIT);
      const error = body.error ?? (body.code ? body : null);
      description.push(text, error?.detail ?? body.receipt);
      if (error) {
        assert.match(error.code, /^(ambiguous_values|rows_rejected)$/, JSON.stringify(description));
        // A first file has nothing that its values could contradict.
        if (expected.size === 0) assert.equal(error.code, 'ambiguous_values', JSON.stringify(description));
        continue;
      }
      assert.equal(body.status, 'complete', JSON.stringify(description));
      const said = [...body.receipt.warnings, ...body.receipt.notes];
      for (const row of rows) expected.set(row[0]?.text ?? '', { row, said });
    }
    if (expected.size === 0) return;
    const { types, rows } = await stored(customer);
    assert.deepEqual([...rows.keys()].sort(), [...expected.keys()].sort(), JSON.stringify(description));
    for (const [id, { row, said }] of expected) {
      const values = rows.get(id) ?? [];
      for (const [index, cell] of row.entries()) {
        const isRight = means(values[index], types[index] ?? '', cell);
        const name = names[index] ?? '';
        const isSaid = said.some(
          (sentence) =>
            sentence.startsWith(`Column '${name}' is read with`) ||
            (values[index] === null &&
              sentence.startsWith(`Column '${name}' has`) &&
              sentence.includes('read as null')),
        );
        assert.ok(
          isRight || isSaid,
          `${name} of row ${id}: ${JSON.stringify([cell, values[index], types[index]])} in ${JSON.stringify(description)}`,
        );
      }
    }
  }

  it('is stored as it is meant, refused, or read with a warning that names the other reading', async () => {
    await fc.assert(fc.asyncProperty(styledTables, check), {
      numRuns: Number(FAST_CHECK_RUNS),
      ...(FAST_CHECK_SEED && { seed: Number(FAST_CHECK_SEED) }),
      includeErrorInReport: true,
    });
  });
});

/** Whether a stored value is what a cell means, or its text unchanged. */
function means(value: Reply['body'], type: string, { text, means: meant }: Cell): boolean {
  if (type === 'text') return value === text || (value === null && text === '');
  if (meant === null) return value === null;
  switch (type) {
    case 'integer':
      return String(value) === meant;
    case 'number':
      return Number(value) === Number(meant);
    case 'date':
      return value === meant.replace(' 00:00:00', '');
    case 'timestamp':
      return value === `${meant.length === 10 ? `${meant} 00:00:00` : meant}Z`.replace(' ', 'T');
    default:
      return String(value) === meant;
  }
}
