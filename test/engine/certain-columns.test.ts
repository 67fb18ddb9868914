import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { SHAPE_OF_TYPE } from '../../src/csv/field-shapes.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';
import type { CsvSegment, CsvSource } from '../../src/csv/segment.ts';
import { isCertain } from '../../src/csv/values/certain-columns.ts';
import { readCsvSql, typesOf } from '../../src/engine/csv/read-csv-sql.ts';
import { SegmentRewriter } from '../../src/engine/csv/segment-rewriter.ts';
import type { LogicalType } from '../../src/model/columns.ts';
import type { ParsedFile } from '../../src/model/parsed-columns.ts';
import type { ValueFormat } from '../../src/model/value-format.ts';
import { columns, parsedFile, segmentOf } from '../builders.ts';
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
      segments: [segmentOf({ path, bytes: text.length, records, firstLine: 1, shapes })],
    };
  }

  /** What DuckDB reads, as canonical text. */
  async function values(source: CsvSource, file: ParsedFile): Promise<readonly (string | null)[]> {
    const from = readCsvSql(source.dialect, source.segments, typesOf(file.columns));
    return (await connection.runAndReadAll(`SELECT CAST(c0 AS VARCHAR) FROM ${from}`))
      .getRows()
      .map(([value]) => value as string | null);
  }

  /** The same from the canonical text that the parser writes. */
  async function parsed(source: CsvSource, file: ParsedFile): Promise<readonly (string | null)[] | null> {
    const rewriter = new SegmentRewriter(file, source.dialect);
    const segment = { ...(source.segments[0] as CsvSegment), shapes: [] };
    const rewritten = await rewriter.rewrite(segment, new AbortController().signal, () => undefined).catch(() => null);
    return rewritten && values({ ...source, segments: [rewritten] }, file);
  }

  for (const type of Object.keys(SHAPE_OF_TYPE) as LogicalType[]) {
    it(`have the values that the parser reads, without a rejected one: ${type}`, async () => {
      const file = parsedFile(columns({ a: type }));
      const format = file.columns[0]?.format as ValueFormat;
      const sure = shapedFields.filter((field) => isCertain(format, segment([field]).segments[0]?.shapes[0] ?? []));
      await fc.assert(
        fc.asyncProperty(fc.array(sure, { minLength: 1, maxLength: 20 }), async (fields) => {
          const source = segment(fields);
          assert.deepEqual(await values(source, file), await parsed(source, file));
        }),
        { numRuns: 300 },
      );
    });
  }

  it('do not include columns with a format, a zone or a decimal comma, or with texts of another shape', () => {
    const number: ValueFormat = { type: 'number', decimal: '.', thousands: null };
    const day: ValueFormat = { type: 'date', order: null, pattern: null };
    const time: ValueFormat = { type: 'timestamp', order: null, pattern: null, timeZone: 'UTC' };
    assert.ok(isCertain({ type: 'integer', thousands: null }, ['whole', 'decimal']));
    assert.ok(!isCertain({ type: 'integer', thousands: null }, ['decimal']));
    assert.ok(isCertain(number, ['decimal']));
    assert.ok(!isCertain({ ...number, decimal: ',' }, ['decimal']));
    assert.ok(isCertain(day, ['date', 'timestamp']));
    assert.ok(!isCertain({ ...day, pattern: '%Y-%m-%d' }, ['date', 'timestamp']));
    assert.ok(!isCertain({ ...time, timeZone: 'Europe/Berlin' }, ['timestamp']));
    assert.ok(isCertain({ type: 'text' }, []));
    assert.ok(!isCertain(number, []));
  });
});
