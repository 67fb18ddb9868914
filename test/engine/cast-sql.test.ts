import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { castSql } from '../../src/engine/csv/cast-sql.ts';
import type { LogicalType } from '../../src/model/columns.ts';

const TYPES: readonly LogicalType[] = ['integer', 'number', 'boolean', 'date', 'timestamp'];

const samples = [
  ...[
    '0',
    '-0',
    '00',
    '007',
    '-007',
    '+5',
    '1.5',
    '.5',
    '5.',
    '-.5',
    '1e5',
    '1e400',
    '1_000',
    '0x10',
    ' 1',
    '1 ',
    '--1',
  ],
  ...['9223372036854775807', '9223372036854775808', '123456789012345', '1234567890123456', '1234567890123456.5'],
  ...['nan', 'NaN', 'inf', '-inf', 'Infinity', 'true', 'FALSE', 't', 'yes', 'null', 'x', '-', '.', '/5', '1-2'],
  ...[
    '2014-07-01',
    '2014-7-1',
    '2014/07/01',
    '01/02/20',
    '12/31/20',
    '0001-01-01',
    '0999-12-31',
    '9999-12-31',
    '99999-01-01',
  ],
  ...['epoch', 'infinity', '-infinity', '1970-01-01', '2014-07-01 (BC)', '44-03-15 (BC)', ' 2014-07-01', '2014-07-01 '],
  ...['2014-07-01T05:00:00', '2014-07-01 00:00:00+02:00', '2014-07-01 00:00:00-05', '2014-07-01 24:00:00', '10:00'],
];
const texts = fc.oneof(
  fc.constantFrom(...samples),
  fc.string({ unit: fc.constantFrom(...'0123456789+-._eE:/ TZ'), minLength: 1, maxLength: 12 }),
);

describe('casting texts by SQL', () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  before(async () => {
    instance = await DuckDBInstance.create(':memory:', { TimeZone: 'UTC' }).catch(() =>
      DuckDBInstance.create(':memory:'),
    );
    connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
  });

  for (const type of TYPES) {
    for (const exact of [true, false]) {
      it(`surely fits only what fits: ${type} in a ${exact ? 'first' : 'later'} file`, async () => {
        const { value, fits, surelyFits } = castSql({ type, format: null }, exact, 'c', 'v');
        const sql = `SELECT coalesce(${surelyFits}, false), coalesce(${fits}, false), CAST(v AS VARCHAR) FROM (SELECT c, ${value} AS v FROM (SELECT unnest($1::VARCHAR[]) AS c))`;
        await fc.assert(
          fc.asyncProperty(fc.array(texts, { minLength: 50, maxLength: 200 }), async (list) => {
            const array = `[${list.map((text) => `'${text}'`).join(', ')}]`;
            const reader = await connection.runAndReadAll(sql.replace('$1', array));
            for (const [index, [surely, fit, read]] of reader.getRows().entries()) {
              assert.ok(!surely || fit, `${type} ${list[index]}`);
              assert.ok(!fit || read !== null, `${type} ${list[index]} has no value`);
            }
          }),
          { numRuns: 60 },
        );
      });
    }
  }
});
