import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCondition } from '../../ui/screens/analyses/builder/conditions.ts';

test('conditions within others are described in words', () => {
  assert.equal(
    describeCondition({
      or: [
        {
          and: [
            { column: 'country', op: '=', value: 'DE' },
            { column: 'amount', op: '>', value: 100 },
          ],
        },
        { not: { column: 'kind', op: 'in', value: ['a', ''] } },
        { column: 'kind', op: 'is null' },
      ],
    }),
    '(country is DE and amount is greater than 100) or (not (kind is one of a, (empty text))) or kind has no value',
  );
});
