import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findByName, findPair } from '../../src/model/combined-columns.ts';
import { processorMs } from '../processor-time.ts';

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

describe('a time column of a request', () => {
  it('names a column in any letter case, with a space for a plus sign', () => {
    const columns = named('Date', 'Date+Time', 'a b', 'a+b');
    assert.equal(findByName(columns, 'DATE')?.name, 'Date');
    assert.equal(findByName(columns, 'date time')?.name, 'Date+Time');
    assert.equal(findByName(columns, 'A+B')?.name, 'a+b');
    assert.equal(findByName(columns, 'a b')?.name, 'a b');
    assert.equal(findByName(columns, 'day'), null);
  });

  it('names two columns', () => {
    for (const text of ['Date+Time', 'date time', 'Date + Time', 'DATE+TIME'])
      assert.deepEqual(findPair(named('n', 'Date', 'Time'), text), ['Date', 'Time'], text);
    for (const text of ['Start Date+Start Time', 'Start Date Start Time'])
      assert.deepEqual(findPair(named('Start Date', 'Start Time', 'Start'), text), ['Start Date', 'Start Time'], text);
    assert.deepEqual(findPair(named('c++', '+'), 'c+++ +'), ['c++', '+']);
    for (const text of ['Date', 'Date+', '+Time', 'Date+Date', 'Date+Clock', '+', ''])
      assert.equal(findPair(named('Date', 'Time'), text), null, text);
  });

  it('names no pair if it may name several', () => {
    assert.equal(findPair(named('a', 'b c', 'a b', 'c'), 'a b c'), null);
    assert.deepEqual(findPair(named('a', 'b c', 'a b', 'd'), 'a b c'), ['a', 'b c']);
  });

  it('is found quickly in a wide table', async () => {
    const columns = named(...Array.from({ length: 1000 }, (_, index) => `${'x '.repeat(100)}${index}`));
    const tookMs = await processorMs(() => assert.equal(findPair(columns, '+ '.repeat(255)), null));
    assert.ok(tookMs < 250, `${tookMs} ms`);
  });
});
