import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readRecords } from '../../src/csv/record-reader.ts';
import { fieldText, splitRecord, withField } from '../../ui/data/rejected/csv-record.ts';

const DIALECT = { delimiter: ';', quote: '"' };

/** The fields as the server reads them; null if that is not one well-formed record. */
function asServer(record: string): readonly string[] | null {
  const [first, ...more] = readRecords(Buffer.from(record), DIALECT, 3, 1);
  if (first?.malformed !== null || more.length > 0 || first.bytes < Buffer.byteLength(record)) return null;
  return first.fields.map((field) => field ?? '');
}

/** Texts of the characters that matter. */
const texts = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ';', '"', '\n', 'é') });

describe('records in the page', () => {
  it('have the fields that the server reads', () => {
    fc.assert(
      fc.property(texts, (record) => {
        const expected = asServer(record);
        fc.pre(expected !== null && record.trim() !== '');
        const fields = splitRecord(record, DIALECT).map((field) => fieldText(field, DIALECT));
        assert.deepEqual(fields, expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('keep all other fields as they are when one is changed', () => {
    fc.assert(
      fc.property(texts, fc.nat(3), texts, (record, place, text) => {
        const before = asServer(record);
        fc.pre(before !== null && record.trim() !== '' && place < before.length);
        const changed = withField(record, place, text, DIALECT);
        assert.deepEqual(
          splitRecord(changed, DIALECT).toSpliced(place, 1),
          splitRecord(record, DIALECT).toSpliced(place, 1),
        );
        fc.pre(changed.trim() !== '');
        assert.deepEqual(asServer(changed), before.with(place, text));
      }),
      { numRuns: 5000 },
    );
  });

  it('keep quotes within a field', () => {
    assert.deepEqual(splitRecord('a""b;"c;""d""";', DIALECT), ['a""b', '"c;""d"""', '']);
  });
});
