import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import type { Newline } from '../../src/csv/dialect.ts';
import { countLineFeeds } from '../../src/csv/newlines.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { RecordRewriter } from '../../src/csv/record-rewriter.ts';
import { Problem } from '../../src/errors.ts';
import { awkwardFiles, dataFiles } from '../fixtures/data-files.ts';
import { type CutText, chunks, csv, cut, split, tables } from './cutting.ts';

describe('what the record cutter, the record reader and DuckDB read from the same bytes', () => {
  let folder: string;
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-csv-'));
    instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    connection = await instance.connect();
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  });

  async function readByDuckDb(text: string, columns: number, delimiter: string, quote = '"') {
    const path = join(folder, 'cut.csv');
    writeFileSync(path, text);
    const names = Array.from({ length: columns }, (_, index) => `c${index}: 'VARCHAR'`);
    const quoted = `'${quote.replaceAll("'", "''")}'`;
    const reader = await connection.runAndReadAll(
      `SELECT * FROM read_csv('${path}', columns = {${names}}, auto_detect = false, header = false, new_line = '\\n', delim = '${delimiter}', quote = ${quoted}, escape = ${quoted}, nullstr = '', allow_quoted_nulls = false)`,
    );
    return reader.getRows();
  }

  it('is the table that was written', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const { columns, delimiter } = table.dialect;
        const { text, records } = cut(split(csv(table), table.chunks), { columns, delimiter });
        // With one column, a row with an empty unquoted field is a blank line.
        assert.equal(records, table.rows.length);
        const read = [...readRecords(Buffer.from(text), { delimiter, quote: '"' }, columns, 1)];
        assert.deepEqual(
          read.map(({ fields }) => fields),
          table.rows,
        );
        assert.deepEqual(
          read.filter(({ malformed }) => malformed !== null),
          [],
        );
        assert.deepEqual(await readByDuckDb(text, columns, delimiter), table.rows);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the same number of records, or is refused, for random bytes', async () => {
    const dialects = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|', ' ', '^'),
      quote: fc.constantFrom('"', '"', "'", ''),
      columns: fc.integer({ min: 1, max: 3 }),
      newline: fc.constantFrom<Newline>('\n', '\r\n', '\r'),
    });
    const noise = dialects.chain((dialect) =>
      fc.record({
        dialect: fc.constant(dialect),
        text: fc.string({
          // The most relevant characters are twice as likely.
          unit: fc.constantFrom(
            ...[dialect.delimiter, dialect.quote || '"', dialect.newline, ' '].flatMap((each) => [each, each]),
            ...['a', 'é', '"', '\r\n', '\\', '\t'],
          ),
          maxLength: 24,
        }),
        offsets: chunks,
      }),
    );
    await fc.assert(
      fc.asyncProperty(noise, async ({ dialect, text, offsets }) => {
        const attempt = (pieces: readonly Buffer[]): CutText | string => {
          try {
            return { ...cut(pieces, dialect), reported: 0 };
          } catch (error) {
            if (error instanceof Problem) return error.message;
            throw error;
          }
        };
        const bytes = Buffer.from(text);
        const result = attempt([bytes]);
        assert.deepEqual(attempt(split(bytes, offsets)), result);
        if (typeof result === 'string') return;
        const { columns, delimiter, quote } = dialect;
        const read = [...readRecords(Buffer.from(result.text), dialect, columns, 1)];
        assert.equal(read.length, result.records);
        const wellFormed = read.every(({ malformed, fields }) => malformed === null && fields.length === columns);
        const byDuckDb = await readByDuckDb(result.text, columns, delimiter, quote).catch(() => null);
        // If DuckDB accepts the text, the counts must match. It must accept well-formed text.
        if (byDuckDb !== null) assert.equal(byDuckDb.length, result.records);
        const rows = read.map(({ fields }) => fields);
        if (read.every(({ malformed }) => malformed === null)) {
          assert.equal(
            result.irregular,
            rows.some((fields) => fields.length !== columns),
          );
        }
        // DuckDB silently drops surplus fields that are empty: an irregular text is never loaded.
        if (wellFormed || (byDuckDb !== null && !result.irregular)) assert.deepEqual(byDuckDb, rows);
      }),
      { numRuns: 2000 },
    );
  });

  it('has the same number of records after escape characters, comments and surplus fields are rewritten', async () => {
    const noise = fc.record({
      text: fc.string({
        unit: fc.constantFrom(',', ',', '"', '"', '\n', '\n', ' ', '\\', '#', 'a', 'é', '\r\n'),
        maxLength: 24,
      }),
      offsets: chunks,
      columns: fc.integer({ min: 2, max: 3 }),
      dropEmptyField: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(noise, async ({ text, offsets, columns, dropEmptyField }) => {
        const options = { delimiter: ',', quote: '"', escape: '\\', comment: '#', crEndsLine: false, firstLine: 1 };
        const rewriter = new RecordRewriter({ ...options, columns, dropEmptyField });
        let result: CutText;
        try {
          const parts = split(Buffer.from(text), offsets).map((piece) => rewriter.push(piece));
          const plain = Buffer.concat([...parts, rewriter.end()]);
          assert.equal(countLineFeeds(plain), countLineFeeds(Buffer.from(text)));
          result = cut([plain], { columns });
        } catch (error) {
          if (error instanceof Problem) return;
          throw error;
        }
        const read = [...readRecords(Buffer.from(result.text), { delimiter: ',', quote: '"' }, columns, 1)];
        assert.equal(read.length, result.records);
        if (read.some(({ malformed }) => malformed !== null) || result.irregular) return;
        assert.deepEqual(
          await readByDuckDb(result.text, columns, ','),
          read.map(({ fields }) => fields),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('has the line on which each record begins', () => {
    const text = 'a,"x\ny"\n\nb,2\n';
    const lines = [...readRecords(Buffer.from(text), { delimiter: ',', quote: '"' }, 2, 5)].map(({ line }) => line);
    assert.deepEqual(lines, [5, 8]);
  });

  it('is as many rows as a file has lines below its header', () => {
    for (const { name, bytes, rows } of dataFiles()) {
      const crlf = Buffer.from(bytes.toString().replaceAll('\n', '\r\n'));
      for (const pieces of [[bytes], split(bytes, [0.1, 0.3333, 0.7]), split(crlf, [0.25, 0.5])]) {
        const { text, records } = cut(pieces);
        assert.equal(records, rows + 1, name);
        assert.equal(text.trimEnd(), bytes.toString().trimEnd());
      }
    }
  });

  it('is the text of every cell of the awkward files', () => {
    for (const { name, bytes, records } of awkwardFiles()) {
      const names = Object.keys(records[0] ?? {});
      const { text } = cut([bytes], { columns: names.length });
      const [, ...rows] = [...readRecords(Buffer.from(text), { delimiter: ',', quote: '"' }, names.length, 1)];
      const read = rows.map(({ fields }) => Object.fromEntries(names.map((key, index) => [key, fields[index] ?? ''])));
      assert.deepEqual(read, records, name);
    }
  });
});
