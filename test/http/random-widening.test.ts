import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { call, put, type RunningThena, startThena, WAIT } from '../server.ts';
import { type Cell, type ModelFile, TableModel } from './widened-tables.ts';

const { FAST_CHECK_RUNS = '25', FAST_CHECK_SEED } = process.env;

const TEXTS: readonly (readonly [Cell['type'], readonly string[]])[] = [
  ['empty', ['']],
  ['integer', ['0', '5', '-7', '1152921504606847000', '9007199254740993']],
  ['number', ['0.5', '-1.25', '7.0', '12.3456']],
  ['boolean', ['true', 'false']],
  ['date', ['2024-02-29', '1999-12-31']],
  ['timestamp', ['2024-02-29 10:30:00', '2024-03-01 00:00:01.5']],
  ['text', ['x', '007', '12:30']],
];

const cellOf = (types: readonly Cell['type'][]): fc.Arbitrary<Cell> =>
  fc.oneof(
    ...TEXTS.filter(([type]) => types.includes(type)).map(([type, texts]) =>
      fc.constantFrom(...texts).map((text) => ({ type, text })),
    ),
  );

/** Mostly of one type. Integers past 2^53 among decimals are a matter of single values, which other tests look at. */
const column: fc.Arbitrary<readonly Cell[]> = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom<Cell['type'][]>(['integer'], ['number'], ['integer', 'number', 'empty']) },
    { weight: 2, arbitrary: fc.constantFrom<Cell['type'][]>(['empty'], ['date'], ['timestamp', 'date'], ['boolean']) },
    { weight: 1, arbitrary: fc.constantFrom<Cell['type'][]>(['text'], ['integer', 'text'], ['boolean', 'text']) },
  )
  .chain((types) => fc.array(cellOf(types), { minLength: 3, maxLength: 3 }))
  .map((cells) => {
    const hasDecimals = cells.some(({ type }) => type === 'number');
    return cells.map(
      (cell): Cell => (hasDecimals && cell.text === '9007199254740993' ? { type: 'integer', text: '8' } : cell),
    );
  });

const file: fc.Arbitrary<ModelFile> = fc.record({
  columns: fc.array(column, { minLength: 2, maxLength: 2 }),
  widen: fc.boolean(),
});

type Step = { readonly file: ModelFile } | { readonly undo: number };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.record({ file }) }, { weight: 2, arbitrary: fc.record({ undo: fc.nat(9) }) }),
  { minLength: 4, maxLength: 10 },
);

let thena: RunningThena;
let customers = 0;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

it('gives every sequence of uploads and undos the types and values that its remaining uploads have', async () => {
  await fc.assert(fc.asyncProperty(steps, check), {
    numRuns: Number(FAST_CHECK_RUNS),
    includeErrorInReport: true,
    ...(FAST_CHECK_SEED && { seed: Number(FAST_CHECK_SEED) }),
  });
});

async function check(sequence: readonly Step[]): Promise<void> {
  const customer = `random-${customers++}`;
  const model = new TableModel();
  const ids: string[] = [];
  for (const step of sequence) {
    if ('file' in step) {
      const before = model.types;
      const rows = [0, 1, 2].map((row) => step.file.columns.map((cells) => cells[row]?.text).join(','));
      const query = `?header=true${step.file.widen ? '&widen=text' : ''}`;
      const { body } = await put(thena.url, customer, `a,b\n${rows.join('\n')}\n`, WAIT, query);
      ids.push(body.id);
      assert.equal(
        body.status,
        model.append(step.file) ? 'complete' : 'failed',
        JSON.stringify(body.error ?? body.receipt),
      );
      if (body.status === 'failed') assert.equal(body.error.code, 'rows_rejected');
      else {
        const changed = ['a', 'b'].flatMap((name, index) => {
          const [from, to] = [before?.[index], model.types?.[index]];
          return from === undefined || from === to ? [] : [{ name, from, to }];
        });
        assert.deepEqual(body.receipt.widened, changed);
      }
    } else {
      const present = [...model.uploads.keys()].filter((upload) => model.uploads[upload] !== null);
      const upload = present[step.undo % Math.max(1, present.length)];
      if (upload === undefined) continue;
      await call(`${thena.url}/api/v1/uploads/${ids[upload]}`, { method: 'DELETE' });
      model.undo(upload);
    }
    const { status, body: table } = await call(`${thena.url}/api/v1/customers/${customer}/table`);
    if (model.types === null) {
      assert.notEqual(status, 200);
      continue;
    }
    const columns = ['a', 'b'].map((name, index) => ({ name, type: model.types?.[index] }));
    assert.deepEqual([table.columns, table.rows], [columns, model.rows.length]);
    assert.equal(table.time_column, model.timeColumn === null ? null : columns[model.timeColumn]?.name);
    const { body: page } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows`);
    assert.deepEqual(page.rows, model.rows);
  }
}
