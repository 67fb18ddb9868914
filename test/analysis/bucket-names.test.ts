import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BUCKETS, bucketFor, readBucket, readTimeZone } from '../../src/analysis/bucket-names.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';

const SECOND = 1_000_000n;
const part = (text: string) => new RequestPart(text, '/there');

it('reads the name of a bucket with or without a leading 1 and a plural s, in any letter case', () => {
  for (const { name, count, unit } of BUCKETS) {
    const names = count === 1 ? [name, `${name}s`, `1 ${name}`, `1 ${name}s`] : [name, name.slice(0, -1)];
    for (const each of [...names, name.toUpperCase()]) {
      const read = readBucket(part(each));
      assert.deepEqual([read.count, read.unit], [count, unit], each);
    }
  }
  for (const wrong of ['0 seconds', '7 days', '2 weeks', 'secondss', '5', 'fortnight', '5  minutes']) {
    assert.throws(() => readBucket(part(wrong)), { code: 'query_invalid' }, wrong);
  }
});

it('reads a time zone in any letter case, keeps aliases, and treats all names of UTC as one', () => {
  for (const [text, zone] of [
    ['asia/kolkata', 'Asia/Kolkata'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['EUROPE/BERLIN', 'Europe/Berlin'],
    ['pacific/chatham', 'Pacific/Chatham'],
    ['Europe/London', 'Europe/London'],
  ] as const) {
    assert.equal(readTimeZone(part(text)), zone);
  }
  for (const utc of ['UTC', 'utc', 'Z', 'GMT', 'Etc/GMT0', 'Etc/UTC', 'Zulu', 'UCT', 'Universal']) {
    assert.equal(readTimeZone(part(utc)), null, utc);
  }
});

it('finds the shortest bucket that splits a span into at most 500 parts', () => {
  assert.equal(bucketFor(0n, 500).name, 'second');
  assert.equal(bucketFor(498n * SECOND, 500).name, 'second');
  assert.equal(bucketFor(499n * SECOND, 500).name, '5 seconds');
  assert.equal(bucketFor(365n * 86_400n * SECOND, 500).name, 'day');
  assert.equal(bucketFor(3000n * 365n * 86_400n * SECOND, 500).name, 'year', 'the longest bucket');
});
