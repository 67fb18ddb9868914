import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

/** Times, a zone and a bucket, and the resulting groups. */
const EDGES: readonly (readonly [
  what: string,
  times: readonly string[],
  zone: string,
  bucket: string,
  rows: object,
])[] = [
  [
    'a clock that is set back across midnight: the day starts when midnight first occurs',
    ['2024-11-03T04:30:00Z', '2024-11-03T05:30:00Z', '2024-11-04T04:59:59Z'],
    'America/Havana',
    'day',
    [['2024-11-03T00:00:00-04:00', 3]],
  ],
  [
    'a day without midnight',
    ['2018-11-04T02:59:59Z', '2018-11-04T03:00:00Z'],
    'America/Sao_Paulo',
    'day',
    [
      ['2018-11-03T00:00:00-03:00', 1],
      ['2018-11-04T01:00:00-02:00', 1],
    ],
  ],
  [
    'an hour that occurs twice has two buckets',
    ['2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z'],
    'Europe/Berlin',
    'hour',
    [
      ['2024-10-27T02:00:00+02:00', 1],
      ['2024-10-27T02:00:00+01:00', 1],
    ],
  ],
  [
    'a zone with an offset of 45 minutes',
    ['2024-01-01T00:14:59Z', '2024-01-01T00:15:00Z'],
    'Pacific/Chatham',
    'hour',
    [
      ['2024-01-01T13:00:00+13:45', 1],
      ['2024-01-01T14:00:00+13:45', 1],
    ],
  ],
  [
    'weeks start on Monday, also across the end of a year and before 1970',
    ['1969-12-29T00:00:00Z', '1970-01-04T23:59:59.999999Z', '1969-12-28T23:59:59Z'],
    'UTC',
    'week',
    [
      ['1969-12-22T00:00:00Z', 1],
      ['1969-12-29T00:00:00Z', 2],
    ],
  ],
];

for (const [index, [what, times, time_zone, bucket, rows]] of EDGES.entries()) {
  it(what, async () => {
    await upload(thena.url, `edge-${index}`, `at\n${times.join('\n')}\n`);
    const query = { measures: [{ fn: 'count' }], group_by: [{ column: 'at', bucket, time_zone }] };
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: `edge-${index}`, query } });
    assert.deepEqual(body.result?.rows, rows, JSON.stringify(body));
  });
}
