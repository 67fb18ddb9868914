import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { SHAPE_OF_TYPE } from '../../src/csv/field-shapes.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';
import type { CsvSource } from '../../src/csv/segment.ts';
import { sureTypes, textsSql } from '../../src/engine/csv/read-csv-sql.ts';
import { allFitSql, valuesSql } from '../../src/engine/csv/record-sql.ts';
import type { ColumnFormat, LogicalType } from '../../src/model/columns.ts';
import { type ShapedField, shapedFields } from '../csv/shaped-texts.ts';

describe('columns that DuckDB parses directly, because their shape is sure', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-sure-'));
  const path = join(folder, 'segment.csv');
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  before(async () => {
    instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  });

  /** Writes a segment as the cutter does. */
  function segment(fields: readonly Pick<ShapedField, 'written'>[]): CsvSource {
    const text = Buffer.from(fields.map(({ written }) => `${written}\n`).join(''));
    const cutter = new RecordCutter({ columns: 1, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    cutter.push(text);
    writeFileSync(path, text);
    const { records } = cutter;
    const shapes = cutter.takeShapes();
    return {
      dialect: { delimiter: ',', quote: '"', header: false },
      columns: ['a'],
      segments: [{ path, bytes: text.length, records, multiline: false, irregular: false, firstLine: 1, shapes }],
    };
  }

  async function values(
    source: CsvSource,
    formats: readonly ColumnFormat[],
    types: readonly (string | null)[] | null = null,
  ) {
    const typed = types ? { types } : {};
    const from = valuesSql(textsSql(source, { inOrder: true, ...typed }), formats, true, typed);
    const fits = types ? 'true' : allFitSql(formats, true);
    return (await connection.runAndReadAll(`SELECT CAST(v0 AS VARCHAR), ${fits} FROM (${from})`)).getRows();
  }

  for (const type of Object.keys(SHAPE_OF_TYPE) as LogicalType[]) {
    it(`have the values that casting gives, without a rejected one: ${type}`, async () => {
      const formats = [{ name: 'a', type, format: null }];
      let parsed = 0;
      const sure = shapedFields.filter((field) => sureTypes(segment([field]), formats)[0] !== null);
      await fc.assert(
        fc.asyncProperty(fc.array(sure, { minLength: 1, maxLength: 20 }), async (fields) => {
          const source = segment(fields);
          const types = sureTypes(source, formats);
          assert.ok(types[0]);
          // Some day may not exist: then all texts are cast.
          const found = await values(source, formats, types).catch(() => null);
          const cast = await values(source, formats);
          if (found === null) {
            assert.ok(cast.some(([, fits]) => fits !== true) && (type === 'date' || type === 'timestamp'));
            return;
          }
          parsed++;
          assert.deepEqual(
            found.map(([value]) => value),
            cast.map(([value]) => value),
          );
          assert.ok(cast.every(([value, fits]) => value === null || fits === true));
        }),
        { numRuns: 300 },
      );
      assert.ok(parsed > 0);
    });
  }

  it('do not include columns with a format, or with texts of another shape in any segment', () => {
    const integers = segment([{ written: '1' }, { written: '2' }]);
    const formats = (type: LogicalType, format: string | null) => [{ name: 'a', type, format }];
    assert.deepEqual(sureTypes(integers, formats('integer', null)), ['BIGINT']);
    assert.deepEqual(sureTypes(integers, formats('number', null)), ['DOUBLE']);
    assert.deepEqual(sureTypes(integers, formats('text', null)), [null]);
    assert.deepEqual(sureTypes(integers, formats('date', '%Y')), [null]);
    const both = {
      ...integers,
      segments: [...integers.segments, ...segment([{ written: '1' }, { written: 'x' }]).segments],
    };
    assert.deepEqual(sureTypes(both, formats('integer', null)), [null]);
  });
});
