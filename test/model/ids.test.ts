import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUploadId, parseCustomerId, parseUploadId } from '../../src/model/ids.ts';

test('reads customer IDs from JSON numbers and strings, and folds ASCII letters', () => {
  for (const [value, id] of [
    [1000, '1000'],
    ['1000', '1000'],
    [0, '0'],
    ['Kiosk_7-A', 'kiosk_7-a'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ] as const) {
    assert.equal(parseCustomerId(value), id);
  }
});

test('refuses a customer ID instead of changing it', () => {
  const KELVIN = '\u212a';
  const NBSP = '\u00a0';
  for (const value of [
    `${KELVIN}iosk`,
    'caf\u0130',
    `1000${NBSP}`,
    `${NBSP}1000`,
    ' 1000',
    '1000 ',
    '1000\n',
    '\ufeff1000',
    '\uff11000',
    'x'.repeat(65),
    '',
    -1,
    1.5,
    2 ** 53,
    null,
    ['1000'],
  ]) {
    assert.equal(parseCustomerId(value), null, JSON.stringify(value));
  }
});

test('reads upload IDs in any letter case, and nothing else', () => {
  const id = newUploadId();
  assert.equal(parseUploadId(id.toUpperCase()), id);
  for (const value of [`${id} `, ` ${id}`, `${id}\n`, id.slice(1), 7]) assert.equal(parseUploadId(value), null);
});
