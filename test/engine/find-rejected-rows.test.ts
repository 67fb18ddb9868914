import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

const FORMATS = [
  { name: 'at', type: 'date', format: null },
  { name: 'n', type: 'integer', format: null },
  { name: 't', type: 'text', format: null },
] as const;

const filesIn = ({ folder }: EngineInFolder) => ({
  list: join(folder, 'rejects.ndjson'),
  csv: join(folder, 'rejects.csv'),
});

describe('finding rejected rows', () => {
  let running: EngineInFolder;
  before(async () => {
    running = await engineInFolder();
  });
  after(() => running.close());

  it('reports line, column, reason and text, and counts quoted line feeds', async () => {
    const source = running.source(
      ['at', 'n', 't'],
      '2024-01-01,1,"two\nlines"\n2024-01-02T10:00,2,time of day lost\n2024-01-03,1.5,rounded\n\n2024-01-04,4\n',
      '2024-01-05,007,"x"y\n2024-01-06,+6,fits a column of numbers\n,,\n',
    );
    const segments = [source.segments[0], { ...source.segments[1], firstLine: 8 }] as typeof source.segments;
    const found = await running.engine.call('find_rejected_rows', {
      source: { ...source, segments },
      formats: FORMATS,
      exact: false,
      limit: 10,
      origin: { byteOffset: 100, newlineBytes: 2 },
      ...filesIn(running),
      keep: true,
    });
    assert.equal(found.records, 7);
    assert.equal(found.rejected, 4);
    assert.deepEqual(
      found.rejectedRows.map(({ line, column, text }) => [line, column, text]),
      [
        [4, 'at', '2024-01-02T10:00'],
        [5, 'n', '1.5'],
        [7, null, '2024-01-04,4'],
        [8, null, '2024-01-05,007,"x"y'],
      ],
    );
    assert.match(found.rejectedRows[1]?.message ?? '', /not a whole number/);
    assert.equal(found.rejectedRows[2]?.message, '2 fields instead of 3');
    assert.deepEqual(
      found.rejectedRows.map(({ code }) => code),
      ['not_date', 'not_integer', 'wrong_field_count', 'malformed_record'],
    );
    const { list, csv } = filesIn(running);
    const lines = readFileSync(list, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      found.rejectedRows,
    );
    assert.equal(
      readFileSync(csv, 'utf8'),
      'at,n,t\n2024-01-02T10:00,2,time of day lost\n2024-01-03,1.5,rounded\n2024-01-04,4\n2024-01-05,007,"x"y\n',
    );
    assert.deepEqual(
      found.kept.map(({ path }) => readFileSync(path, 'utf8')),
      ['2024-01-01,1,"two\nlines"\n\n', '2024-01-06,+6,fits a column of numbers\n,,\n'],
    );
    assert.deepEqual(
      found.kept.map(({ bytes }) => bytes),
      [26, 42],
    );
  });

  it('counts all of them, and returns as many as the limit', async () => {
    const source = running.source(['at', 'n', 't'], '2024-01-01,x,\n'.repeat(25_000));
    const found = await running.engine.call('find_rejected_rows', {
      source,
      formats: FORMATS,
      exact: true,
      limit: 3,
      origin: { byteOffset: 100, newlineBytes: 2 },
      ...filesIn(running),
      keep: true,
    });
    assert.equal(found.rejected, 25_000);
    assert.deepEqual(
      found.rejectedRows.map(({ line }) => line),
      [2, 3, 4],
    );
    assert.equal(readFileSync(filesIn(running).list, 'utf8').split('\n').length - 1, 25_000);
    assert.deepEqual(found.kept, []);
  });
});
