import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { columnsOption } from '../../../src/csv/values/columns-option.ts';
import { refuseDeclarations } from '../../../src/csv/values/refuse-declarations.ts';
import { type ErrorCode, Problem } from '../../../src/errors.ts';
import type { ColumnType } from '../../../src/model/columns.ts';

function refused(act: () => unknown, code: ErrorCode, detail: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof Problem, String(error));
    assert.deepEqual([error.code, detail.test(error.detail)], [code, true], error.detail);
    return true;
  });
}

describe('the option columns', () => {
  it('is a list as in POST /customers', () => {
    const list = [
      { name: 'At', type: 'timestamp', format: '%d/%m/%Y %H:%M', time_zone: 'europe/berlin' },
      { name: 'zip', type: 'text' },
      { name: 'Day', format: 'epoch_s', time_zone: null },
      { name: '__proto__' },
    ];
    const columns = columnsOption(JSON.stringify(list));
    assert.deepEqual(Object.keys(columns), ['at', 'zip', 'day', '__proto__']);
    assert.deepEqual(columns.at, {
      name: 'At',
      type: 'timestamp',
      pattern: '%d/%m/%Y %H:%M',
      timeZone: 'Europe/Berlin',
    });
    assert.deepEqual(columns.day, { name: 'Day', type: null, pattern: 'epoch_s', timeZone: null });
  });

  it('is names with types or formats', () => {
    const columns = columnsOption('Zip:TEXT, at:%H:%M %d.%m.%Y,t:epoch_ms');
    assert.deepEqual(columns.zip, { name: 'Zip', type: 'text', pattern: null, timeZone: null });
    assert.equal(columns.at?.pattern, '%H:%M %d.%m.%Y');
    assert.equal(columns.t?.pattern, 'epoch_ms');
  });

  it('is refused with what is wrong with it', () => {
    for (const [text, detail] of [
      ['', /has '', which is not a name, a colon/],
      ['zip', /has 'zip'/],
      [':text', /has ':text'/],
      ['a:text,A:date', /names 'A' twice/],
      ['[{"name":"a"}', /is not JSON/],
      ['[1]', /in item 1 no object/],
      ['[null]', /in item 1 no object/],
      ['[{"type":"text"}]', /in item 1 no name/],
      ['[{"name":"a"},{"name":7}]', /in item 2 a name that is not a string/],
      ['[{"name":"a","type":"blob"}]', /in item 1 the type 'blob'; known are integer/],
      ['[{"name":"a","zone":"UTC"}]', /in item 1 'zone', but only name, type/],
      ['[{"name":"a","type":"date","time_zone":"UTC"}]', /declares 'a' with a time zone/],
    ] as const)
      refused(() => columnsOption(text), 'upload_option_invalid', detail);
    refused(() => columnsOption('a:%q'), 'time_format_unknown', /Unknown directive %q/);
    refused(() => columnsOption(`a:%Y-%m-%d${'x'.repeat(193)}`), 'time_format_unknown', /201 characters/);
    refused(() => columnsOption(`${'x'.repeat(256)}:text`), 'upload_option_invalid', /more than 255 characters/);
    refused(() => columnsOption('a:strange'), 'time_format_unknown', /neither a day nor a time of day/);
    refused(() => columnsOption('[{"name":"a","time_zone":"Mars/Base"}]'), 'time_zone_unknown', /Mars/);
    assert.equal(
      Object.keys(columnsOption(Array.from({ length: 10_000 }, (_, n) => `c${n}:text`).join())).length,
      10_000,
    );
  });
});

describe('declared columns', () => {
  const table = (type: ColumnType) => [{ name: 'At', type }];
  const check = (text: string, type: ColumnType | null): void =>
    refuseDeclarations(columnsOption(text), ['At', 'other'], type === null ? null : table(type));

  it('must be in the file', () => {
    refused(
      () => check('ta:text', null),
      'upload_option_invalid',
      /declares 'ta', but the file has no such column\. Its columns are 'At', 'other'\./,
    );
    check('AT:text,other:date', null);
  });

  it("must have the type of the table's column", () => {
    check('at:text', 'text');
    check('at:epoch_ms', 'timestamp');
    check('at:%d.%m.%Y', 'date');
    check('at:%H%M', 'text');
    check('at:text', 'unknown');
    refused(() => check('at:text', 'integer'), 'declared_type_conflict', /declared as text, .* is integer/);
    refused(() => check('at:epoch_s', 'text'), 'declared_type_conflict', /with the format 'epoch_s', .* is text/);
    refused(() => check('at:%H%M', 'date'), 'declared_type_conflict', /with the format '%H%M'/);
    refused(
      () => check('[{"name":"at","time_zone":"UTC"}]', 'date'),
      'declared_type_conflict',
      /with the time zone UTC, .* is date/,
    );
  });
});
