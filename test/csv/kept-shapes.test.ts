import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeptShapes } from '../../src/csv/kept-shapes.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';

const DIALECT = { delimiter: ',', quote: '"' };
const field = fc.constantFrom(
  '1',
  '-20',
  '1.5',
  '2024-01-02',
  '2024-01-02 10:00',
  'x',
  '"a, b"',
  '"two\nlines"',
  '',
  '007',
);
const record = fc.tuple(field, field, field).map((fields) => `${fields.join(',')}\n`);

/** The shapes that the cutter finds in the same text. */
function shapesOf(text: string): readonly (readonly string[])[] {
  const cutter = new RecordCutter({ ...DIALECT, columns: 3, newline: '\n', firstLine: 1 });
  cutter.push(Buffer.from(text));
  cutter.end();
  return cutter.takeShapes();
}

describe('the shapes of kept records', () => {
  it('are those of a file that has only these records', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
        const shapes = new KeptShapes(DIALECT, 3);
        for (const each of records) shapes.add(Buffer.from(each));
        assert.deepEqual(shapes.take(), shapesOf(records.join('')));
      }),
    );
  });

  it('are found in any number of records, and unknown if a record is too long', () => {
    const shapes = new KeptShapes(DIALECT, 3);
    const rows = Buffer.from('1,1.5,x\n'.repeat(20_000));
    for (let copies = 0; copies < 20; copies++) shapes.add(rows);
    assert.deepEqual(shapes.take(), [['whole', 'decimal'], ['decimal'], []]);
    shapes.add(Buffer.from(`1,1.5,"${'x'.repeat(1_900_000)}"\n`));
    for (const found of shapes.take()) assert.ok(found.length <= 2);
  });
});
