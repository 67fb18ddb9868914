import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileFormat } from '../../../src/csv/values/declared-format.ts';
import { anyText, read } from './reading.ts';

const declared = (pattern: string, timeZone = 'UTC') =>
  ({ type: 'timestamp', order: null, pattern, timeZone }) as const;

describe('declared formats of times', () => {
  const cases: readonly [pattern: string, text: string, value: string][] = [
    ['%d.%m.%Y', '02.01.2024', '2024-01-02 00:00:00'],
    ['%d.%m.%Y', '2.1.2024', '2024-01-02 00:00:00'],
    ['%-d/%-m/%Y', '2/1/2024', '2024-01-02 00:00:00'],
    ['%Y%m%d%H%M%S', '20240102030405', '2024-01-02 03:04:05'],
    ['%Y%m%d', '20240102', '2024-01-02 00:00:00'],
    ['%Y-%m-%d-%H.%M.%S.%f', '2024-01-02-03.04.05.123456', '2024-01-02 03:04:05.123456'],
    ['%d/%m/%y %H:%M', '31/12/69 23:59', '2069-12-31 23:59:00'],
    ['%m/%d/%Y %I:%M:%S %p', '01/02/2024 03:04:05 PM', '2024-01-02 15:04:05'],
    ['%I%p %d %b %Y', '12am 2 Jan 2024', '2024-01-02 00:00:00'],
    ['%A, %B %e, %Y', 'Tuesday, January  2, 2024', '2024-01-02 00:00:00'],
    ['%a %d %h %Y', 'tue 2 JANUARY 2024', '2024-01-02 00:00:00'],
    ['%Y-%j', '2024-366', '2024-12-31 00:00:00'],
    ['%j %Y', '1 2023', '2023-01-01 00:00:00'],
    ['%F %T', '2024-01-02 03:04:05', '2024-01-02 03:04:05'],
    ['%D %R', '01/02/24 03:04', '2024-01-02 03:04:00'],
    ['%FT%T%z', '2024-01-02T03:04:05+01:00', '2024-01-02 02:04:05'],
    ['%FT%T%z', '2024-01-02T03:04:05Z', '2024-01-02 03:04:05'],
    ['%F %T %Z', '2024-01-02 03:04:05 UTC', '2024-01-02 03:04:05'],
    ['[%d/%b/%Y:%H:%M:%S %z]', '[10/Oct/2000:13:55:36 -0700]', '2000-10-10 20:55:36'],
    ['%Y年%m月%d日', '2024年01月02日', '2024-01-02 00:00:00'],
    ['100%% %F', '100% 2024-01-02', '2024-01-02 00:00:00'],
    ['%F %H:%M', '2024-01-02   24:00', '2024-01-03 00:00:00'],
    ['epoch_s', '1709283600', '2024-03-01 09:00:00'],
    ['epoch_s', '1709283600.25', '2024-03-01 09:00:00.250000'],
    ['epoch_s', '-1', '1969-12-31 23:59:59'],
    ['epoch_ms', '1709283600123', '2024-03-01 09:00:00.123000'],
    ['epoch_ms', '-1', '1969-12-31 23:59:59.999000'],
    ['epoch_ms', '0', '1970-01-01 00:00:00'],
    ['epoch_us', '1709283600123456', '2024-03-01 09:00:00.123456'],
    ['epoch_ns', '1709283600123456789', '2024-03-01 09:00:00.123456'],
    ['epoch_ns', '5', '1970-01-01 00:00:00'],
  ];
  for (const [pattern, text, value] of cases) {
    it(`reads '${text}' by ${pattern}`, () =>
      assert.deepEqual(read(declared(pattern), [text, ` ${text} `]), [value, value]));
  }

  it('rejects what is written otherwise', () => {
    for (const [pattern, texts] of Object.entries({
      '%d.%m.%Y': [
        '30.02.2024',
        '1.13.2024',
        '1.1.24',
        '1.1.02024',
        '2024-01-02',
        '1.1.2024 ',
        '1.1.2024x',
        '',
        '.1.2024',
      ],
      '%F %T': ['2024-01-02 23:59:60', '2024-01-02 25:00:00', '2024-01-0203:04:05', '2024-01-02T03:04:05'],
      '%a %F': ['Wed 2024-01-02', 'Tuesdy 2024-01-02'],
      '%Y-%j': ['2023-366', '2024-000'],
      '%F %I:%M %p': ['2024-01-02 13:00 PM', '2024-01-02 00:30 AM'],
      epoch_s: ['1e9', '0x10', '007', '+5', '1,5', '', '99999999999999999', 'now', '-30610224001'],
      epoch_ms: ['253402300800000'],
    }))
      for (const text of texts)
        if (text.trim() === text && text !== '')
          assert.match(String(read(declared(pattern), [text])[0]), /^rejected/, `${pattern} ${text}`);
  });

  it('read every moment of epochs exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(-30_000_000_000_000_000n, 253_000_000_000_000_000n), (micros) => {
        const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
        const fraction = String(micros - seconds * 1_000_000n).padStart(6, '0');
        const iso = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
        const expected = fraction === '000000' ? iso : `${iso}.${fraction}`;
        const sign = micros < 0n ? '-' : '';
        const size = String(micros < 0n ? -micros : micros).padStart(7, '0');
        const inSeconds = `${sign}${size.slice(0, -6)}.${size.slice(-6)}`;
        assert.deepEqual(read(declared('epoch_us'), [String(micros)]), [expected]);
        assert.deepEqual(read(declared('epoch_ns'), [`${micros === 0n ? '' : micros}${micros === 0n ? '0' : '000'}`]), [
          expected,
        ]);
        assert.deepEqual(read(declared('epoch_s'), [inSeconds]), [expected]);
      }),
    );
  });

  it('are read in the time zone unless they have an offset', () => {
    assert.deepEqual(read(declared('%F %T', 'Europe/Berlin'), ['2024-06-01 12:00:00', '2024-03-31 02:30:00']), [
      '2024-06-01 10:00:00',
      'rejected: no_such_local_time',
    ]);
    assert.deepEqual(read(declared('%FT%TZ', 'Europe/Berlin'), ['2024-06-01T12:00:00Z']), ['2024-06-01 12:00:00']);
    assert.deepEqual(read(declared('epoch_s', 'Europe/Berlin'), ['0']), ['1970-01-01 00:00:00']);
  });

  it('are refused if they cannot give a time', () => {
    for (const pattern of [
      '%q',
      '%',
      'abc',
      '',
      '%d.%m',
      '%H:%M %z',
      '%Y %Y',
      '%Y %y-%m-%d',
      '%j %d %Y',
      '%F %I',
      '%F %p',
      '%F %M',
      '%F %H %S',
      '%F %f',
      '%a',
      '%F%z',
      '%-',
      '%E',
    ])
      assert.ok('problem' in compileFormat(pattern), pattern);
    const clock = compileFormat('%I:%M %p');
    assert.ok(!('problem' in clock) && !clock.hasDay && clock.hasClock);
  });

  it('compile and read any text without an exception', () => {
    const directives = fc.constantFrom(
      ...'%Y %y %m %d %e %j %H %I %M %S %f %p %b %a %z %Z %F %T %R %D %n %% % - : T Z é'.split(' '),
    );
    fc.assert(
      fc.property(fc.array(directives, { maxLength: 8 }), anyText, (parts, text) => {
        const format = compileFormat(parts.join(''));
        if ('problem' in format) assert.match(format.problem, /\.$/);
        else format.scan(text);
      }),
    );
  });
});
