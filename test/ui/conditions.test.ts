import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../src/api/queries.ts';
import { conditionOf, describeCondition, firstLevel, groupOf } from '../../ui/screens/analyses/builder/conditions.ts';

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

const a: Condition = { column: 'a', op: 'is null' };
const b: Condition = { column: 'b', op: '=', value: 1 };

test('groups of conditions are edited without changing what they mean', () => {
  const groups: readonly [Parameters<typeof groupOf>[0], ReturnType<typeof groupOf>][] = [
    [{ and: [a, b] }, { combination: 'all', items: [a, b] }],
    [{ or: [a, b] }, { combination: 'any', items: [a, b] }],
    [{ not: { or: [a, b] } }, { combination: 'none', items: [a, b] }],
    [{ not: { and: [a, b] } }, { combination: 'not all', items: [a, b] }],
    [{ not: a }, { combination: 'none', items: [a] }],
    [{ not: { not: a } }, { combination: 'none', items: [{ not: a }] }],
    [{ or: [{ and: [a, b] }, b] }, { combination: 'any', items: [{ and: [a, b] }, b] }],
  ];
  for (const [condition, group] of groups) {
    assert.deepEqual(groupOf(condition), group);
    assert.deepEqual(conditionOf(group), condition);
  }
  assert.deepEqual(conditionOf({ combination: 'any', items: [a] }), a);
  assert.equal(conditionOf({ combination: 'none', items: [] }), undefined);
});

test('a negated condition of a query is one condition, of which nothing is lost', () => {
  const negated: Condition = { not: { or: [a, b] } };
  assert.deepEqual(firstLevel(negated), { combination: 'all', items: [negated] });
  assert.deepEqual(firstLevel(undefined), { combination: 'all', items: [] });
  assert.deepEqual(firstLevel({ or: [a, b] }), { combination: 'any', items: [a, b] });
});
