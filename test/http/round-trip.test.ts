import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { call, type Reply, type RunningThena, startThena } from '../server.ts';
import { queryRows } from '../stored-rows.ts';
import { type RandomTable, randomTables } from './random-tables.ts';
import { type ReceiptColumn, valueIn, written, written64 } from './written-tables.ts';

const { FAST_CHECK_RUNS = '250', FAST_CHECK_SEED } = process.env;

describe('any table, in any dialect', () => {
  let thena: RunningThena;
  let customers = 0;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  function put(customer: string, { bytes, options }: ReturnType<typeof written>): Promise<Reply> {
    const url = `${thena.url}/api/v1/customers/${customer}/uploads?${new URLSearchParams(options)}`;
    return call(url, { method: 'PUT', body: new Uint8Array(bytes), headers: { prefer: 'wait=60' } });
  }

  /** The rows in the table file, each value as a text that is exact to the bit. */
  async function stored(customer: string, columns: readonly ReceiptColumn[]): Promise<(string | null)[][]> {
    const selected = columns.map(({ type }, index) => {
      const column = `c${index}`;
      if (type === 'text') return `hex(${column})`;
      if (type === 'date' || type === 'timestamp') return `epoch_us(CAST(${column} AS TIMESTAMP))`;
      return type === 'number' ? column : `CAST(${column} AS VARCHAR)`;
    });
    const rows = await queryRows(thena.dataDir, customer, `SELECT ${selected.join(', ')} FROM t`);
    return rows.map((row) =>
      row.map((value, index) => {
        if (value === null) return null;
        const type = columns[index]?.type;
        if (type === 'text') return `text ${Buffer.from(String(value), 'hex')}`;
        if (type === 'date' || type === 'timestamp') return String(Number(value) / 1000);
        return type === 'number' ? written64(Number(value)) : String(value);
      }),
    );
  }

  async function check(table: RandomTable): Promise<void> {
    const customer = `any${customers++}`;
    const file = written(table);
    const reply = await put(customer, file);
    const description = `${JSON.stringify(file.bytes.toString())} ${JSON.stringify(file.options)} ${JSON.stringify(reply.body)}`;
    if (table.names.length === 1 && !table.dialect.header && table.rows.every(([cell]) => cell?.text === null)) {
      assert.equal(reply.body.code, 'file_empty', description);
      return;
    }
    if (reply.body.error?.code === 'ambiguous_values') {
      // An honest question: the values of the column can be read in two ways.
      const asked = reply.body.error.column;
      const index = table.dialect.header ? table.names.indexOf(asked) : Number(asked.slice('column_'.length)) - 1;
      assert.notEqual(table.kinds[index], 'text', description);
      return;
    }
    assert.equal(reply.body.status, 'complete', description);
    const { receipt } = reply.body;
    assert.equal(receipt.rows_in_file, table.rows.length, description);
    const columns: readonly ReceiptColumn[] = receipt.columns;
    if (table.dialect.header)
      assert.deepEqual(
        columns.map(({ name }) => name),
        table.names,
        description,
      );
    // A column that can be read in two ways, of which one is likelier, has a warning.
    const hasWarning = columns.map(({ name }) =>
      receipt.warnings.some((warning: string) => warning.startsWith(`Column '${name}' is read with`)),
    );
    const shown = (rows: readonly (readonly (string | null)[])[]): string[] =>
      rows.map((row) => JSON.stringify(row.map((value, index) => (hasWarning[index] ? null : value)))).sort();
    const expected = table.rows.map((row) => row.map((cell, index) => valueIn(cell, columns[index] as ReceiptColumn)));
    assert.deepEqual(shown(await stored(customer, columns)), shown(expected), description);
    for (const [index, kind] of table.kinds.entries()) {
      const hasValue = table.rows.some((row) => row[index]?.text);
      if (!hasValue || kind === 'text' || kind === 'anything' || kind === 'number') continue;
      assert.equal(columns[index]?.type, kind, `${columns[index]?.name} of ${description}`);
    }
    if (customers % 3 !== 0) return;
    const again = await put(customer, file);
    assert.equal(again.body.status, 'complete', `again: ${description} ${JSON.stringify(again.body)}`);
    assert.deepEqual(
      shown(await stored(customer, columns)),
      shown([...expected, ...expected]),
      `again: ${description}`,
    );
  }

  it('is stored without a change to any cell', async () => {
    await fc.assert(fc.asyncProperty(randomTables, check), {
      numRuns: Number(FAST_CHECK_RUNS),
      ...(FAST_CHECK_SEED && { seed: Number(FAST_CHECK_SEED) }),
      includeErrorInReport: true,
    });
  });
});
