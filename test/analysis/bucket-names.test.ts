import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BUCKETS, bucketFor, readBucket, readTimeZone } from '../../src/analysis/bucket-names.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';

const SECOND = 1_000_000n;
const part = (text: string) => new RequestPart(text, '/there');

it('a bucket is named with or without its 1 and its plural, in any letter case', () => {
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

it('a zone is told as it was asked for, in the letter case of the database, and all names of UTC are one', () => {
  for (const [asked, told] of [
    ['asia/kolkata', 'Asia/Kolkata'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['EUROPE/BERLIN', 'Europe/Berlin'],
    ['pacific/chatham', 'Pacific/Chatham'],
    ['Europe/London', 'Europe/London'],
  ] as const) {
    assert.equal(readTimeZone(part(asked)), told);
  }
  for (const utc of ['UTC', 'utc', 'Z', 'GMT', 'Etc/GMT0', 'Etc/UTC', 'Zulu', 'UCT', 'Universal']) {
    assert.equal(readTimeZone(part(utc)), null, utc);
  }
});

it('the shortest bucket that makes so few pieces is found, whatever the span', () => {
  assert.equal(bucketFor(0n, 500).name, 'second');
  assert.equal(bucketFor(498n * SECOND, 500).name, 'second');
  assert.equal(bucketFor(499n * SECOND, 500).name, '5 seconds');
  assert.equal(bucketFor(365n * 86_400n * SECOND, 500).name, 'day');
  assert.equal(bucketFor(3000n * 365n * 86_400n * SECOND, 500).name, 'year', 'there is none that is longer');
});
