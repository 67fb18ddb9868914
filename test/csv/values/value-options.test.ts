import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkDeclared,
  checkMarks,
  columnsFor,
  decimalOption,
  NO_OPTIONS,
  nullsOf,
  nullsOption,
  orderOption,
  thousandsOption,
  timeZoneOption,
  widenOption,
} from '../../../src/csv/values/value-options.ts';
import { type ErrorCode, Problem } from '../../../src/errors.ts';

function refused(read: () => unknown, code: ErrorCode, detail: RegExp): void {
  assert.throws(read, (error) => error instanceof Problem && error.code === code && detail.test(error.detail));
}

describe('options of how values are read', () => {
  it('are read from text', () => {
    assert.deepEqual([',', '.', 'comma', 'Point'].map(decimalOption), [',', '.', ',', '.']);
    assert.deepEqual(
      [',', '.', ' ', "'", '’', 'space', 'apostrophe', 'comma', 'point', 'none', ''].map(thousandsOption),
      [',', '.', ' ', "'", "'", ' ', "'", ',', '.', 'none', 'none'],
    );
    assert.deepEqual(nullsOption('NA, -999 ,-'), ['NA', '-999', '-']);
    assert.deepEqual(nullsOption(''), []);
    assert.deepEqual(['dmy', 'MDY', 'ymd'].map(orderOption), ['dmy', 'mdy', 'ymd']);
    assert.equal(widenOption('text'), 'text');
    assert.deepEqual(['Europe/Berlin', 'europe/berlin', 'UTC', 'utc', 'Etc/GMT+5'].map(timeZoneOption), [
      'Europe/Berlin',
      'Europe/Berlin',
      'UTC',
      'UTC',
      'Etc/GMT+5',
    ]);
  });

  it('are refused if they have no meaning', () => {
    refused(() => decimalOption(';'), 'upload_option_invalid', /^decimal is ';'; it must be/);
    refused(() => decimalOption('constructor'), 'upload_option_invalid', /^decimal/);
    refused(() => thousandsOption('_'), 'upload_option_invalid', /^thousands is '_'/);
    refused(() => thousandsOption('__proto__'), 'upload_option_invalid', /^thousands/);
    refused(() => nullsOption('x,'.repeat(200)), 'upload_option_invalid', /^nulls is/);
    refused(() => orderOption('ydm'), 'upload_option_invalid', /dmy, mdy or ymd/);
    refused(() => widenOption('number'), 'upload_option_invalid', /must be text/);
    for (const zone of ['Europe/Berln', '+02:00', '', 'T10Z', '2024-01-01T00:00Z', '../x', 'x'.repeat(1000)])
      refused(() => timeZoneOption(zone), 'time_zone_unknown', /^There is no time zone '/);
    refused(() => checkMarks({ decimal: ',', thousands: ',' }), 'upload_option_invalid', /both ','/);
    checkMarks({ decimal: ',', thousands: '.' });
    checkMarks({ decimal: null, thousands: null });
  });

  it('are checked for declared columns', () => {
    const column = { type: null, pattern: null, timeZone: null };
    checkDeclared('a', column);
    checkDeclared('a', { ...column, pattern: '%d.%m.%Y' });
    checkDeclared('a', { ...column, type: 'timestamp', pattern: 'epoch_ms' });
    checkDeclared('a', { ...column, pattern: '%H%M' });
    refused(() => checkDeclared('a', { ...column, pattern: '%q' }), 'time_format_unknown', /Unknown directive %q/);
    refused(
      () => checkDeclared('a', { ...column, type: 'date', pattern: '%H%M' }),
      'time_format_unknown',
      /It has no day/,
    );
    refused(
      () => checkDeclared('a', { ...column, type: 'integer', pattern: '%F' }),
      'time_format_unknown',
      /type integer has none/,
    );
  });

  it("are the upload's for the columns that it declares, and the customer's for others", () => {
    const customer = {
      t: { type: 'timestamp' as const, pattern: '%F %T', timeZone: 'Asia/Tokyo' },
      d: { type: 'date' as const, pattern: '%d.%m.%Y', timeZone: null },
    };
    assert.deepEqual(columnsFor({}, customer, null), customer);
    const own = { type: null, pattern: null, timeZone: null };
    assert.deepEqual(columnsFor({ t: { ...own, pattern: 'epoch_s' } }, customer, 'UTC'), {
      t: { type: 'timestamp', pattern: 'epoch_s', timeZone: 'UTC' },
      d: { ...customer.d, timeZone: 'UTC' },
    });
    // Any format, as in a file of a customer that declares none.
    assert.deepEqual(columnsFor({ d: { ...own, type: 'date' } }, customer, null).d, { ...own, type: 'date' });
  });

  it('have usual texts for null', () => {
    assert.deepEqual([...nullsOf({ nulls: ['x'] })], ['x']);
    assert.ok(nullsOf(NO_OPTIONS).has('NA'));
  });
});
