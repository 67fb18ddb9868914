import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { columns, parsedFile } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

const FILE = parsedFile(columns({ at: 'date', n: 'integer', t: 'text' }));

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
      '2024-01-05,007,"x"y\n2024-01-06,+6,is no number\n,,\n2024-01-06,6,has one field too many,\n',
    );
    const segments = [source.segments[0], { ...source.segments[1], firstLine: 8 }] as typeof source.segments;
    const found = await running.engine.call('find_rejected_rows', {
      source: { ...source, segments },
      ...FILE,
      maxListed: 10,
      maxStored: 100,
      origin: { byteOffset: 100, newlineBytes: 2 },
      ...filesIn(running),
      keep: true,
    });
    assert.equal(found.records, 8);
    assert.equal(found.rejected, 6);
    assert.deepEqual(
      found.rejectedRows.map(({ line, column, text }) => [line, column, text]),
      [
        [4, 'at', '2024-01-02T10:00'],
        [5, 'n', '1.5'],
        [7, null, '2024-01-04,4'],
        [8, null, '2024-01-05,007,"x"y'],
        [9, 'n', '+6'],
        [11, null, '2024-01-06,6,has one field too many,'],
      ],
    );
    assert.match(found.rejectedRows[1]?.message ?? '', /^is not a whole number$/);
    assert.equal(found.rejectedRows[2]?.message, 'has 2 fields instead of 3');
    assert.deepEqual(
      found.rejectedRows.map(({ code }) => code),
      ['has_clock_time', 'has_fraction', 'wrong_field_count', 'malformed_record', 'leading_plus', 'wrong_field_count'],
    );
    const { list, csv } = filesIn(running);
    const lines = readFileSync(list, 'utf8').trimEnd().split('\n');
    const listed = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      listed.map(({ record: _, before: __, after: ___, ...row }) => row),
      found.rejectedRows,
    );
    assert.deepEqual(
      listed.map(({ before, after }) => [before, after]),
      [
        ['2024-01-01,1,"two\nlines"', '2024-01-03,1.5,rounded'],
        ['2024-01-02T10:00,2,time of day lost', '2024-01-04,4'],
        ['2024-01-03,1.5,rounded', '2024-01-05,007,"x"y'],
        ['2024-01-04,4', '2024-01-06,+6,is no number'],
        ['2024-01-05,007,"x"y', ',,'],
        [',,', null],
      ],
    );
    assert.equal(
      readFileSync(csv, 'utf8'),
      'at,n,t\n2024-01-02T10:00,2,time of day lost\n2024-01-03,1.5,rounded\n2024-01-04,4\n2024-01-05,007,"x"y\n2024-01-06,+6,is no number\n2024-01-06,6,has one field too many,\n',
    );
    assert.deepEqual(
      found.kept.map(({ path }) => readFileSync(path, 'utf8')),
      ['2024-01-01,1,"two\nlines"\n', ',,\n'],
    );
    assert.deepEqual(
      found.kept.map(({ bytes }) => bytes),
      [25, 3],
    );
  });

  it('counts all of them, and keeps and returns as many as the limits', async () => {
    const source = running.source(['at', 'n', 't'], '2024-01-01,x,\n'.repeat(25_000));
    const found = await running.engine.call('find_rejected_rows', {
      source,
      ...FILE,
      maxListed: 3,
      maxStored: 20_000,
      origin: { byteOffset: 100, newlineBytes: 2 },
      ...filesIn(running),
      keep: true,
    });
    assert.equal(found.rejected, 25_000);
    assert.deepEqual(
      found.rejectedRows.map(({ line }) => line),
      [2, 3, 4],
    );
    assert.equal(readFileSync(filesIn(running).list, 'utf8').split('\n').length - 1, 20_000);
    assert.deepEqual(found.kept, []);
  });
});
