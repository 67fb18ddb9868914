import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ASCII, putAscii } from '../../../src/csv/values/ascii-bytes.ts';
import { classifyText } from '../../../src/csv/values/classify-text.ts';
import { scannedReadings } from '../../../src/csv/values/read-time.ts';
import { ANY_ORDER, CLOCK, DMY, MDY, PAST_MICROSECOND, YMD } from '../../../src/csv/values/readings.ts';
import { scanTime } from '../../../src/csv/values/scan-time.ts';
import { scanUsualTime } from '../../../src/csv/values/scan-usual-time.ts';
import { scanned } from '../../../src/csv/values/scanned-time.ts';
import { DATE, read, UTC } from './reading.ts';

const TIMESTAMPS: Readonly<Record<string, readonly string[]>> = {
  '2024-01-02 03:04:05': [
    '2024-01-02T03:04:05',
    '2024-01-02 03:04:05',
    '2024-01-02t03:04:05',
    '2024-1-2 3:04:05',
    '2024/01/02 03:04:05',
    '2024.01.02 03:04:05',
    '2024 01 02 03:04:05',
    '2024. 1. 2. 3:04:05'.replace('2. 3', '2 3'),
    '20240102T030405',
    '20240102 030405',
    '20240102T03:04:05',
    '20240102T030405Z',
    '2024-01-02T03:04:05Z',
    '2024-01-02T03:04:05z',
    '2024-01-02 03:04:05 Z',
    '2024-01-02 03:04:05 UTC',
    '2024-01-02 03:04:05 GMT',
    '2024-01-02 03:04:05UTC',
    '2024-01-02T03:04:05+00:00',
    '2024-01-02T03:04:05-00:00',
    '2024-01-02T04:04:05+01:00',
    '2024-01-02T04:04:05+0100',
    '2024-01-02T04:04:05+01',
    '2024-01-02 04:04:05 +01:00',
    '2024-01-02 04:04:05 +0100',
    '2024/01/02 04:04:05+01:00',
    '2024.01.02 04:04:05 +0100',
    '20240102T040405+0100',
    '2024-01-01 22:04:05-05',
    '2024/01/01 22:04:05-05:00',
    '2024-01-02 08:49:05 +05:45',
    '2024-01-02 03:23:37+00:19:32',
    '2024-01-02 05:04:05 GMT+2',
    '2024-01-02 05:04:05 GMT+0200',
    '2024-01-02 05:04:05 UTC+02:00',
    '2024-01-02 03:04:05 +0000 UTC',
    '2024-01-02, 03:04:05',
    '2024-01-02 03:04:05 AM',
    '2024-01-02 3:04:05am',
    '2024-01-02 3:04:05 a.m.',
    '2024-01-02 3:04:05\u202fAM',
    '2024-01-02  03:04:05',
    '2 Jan 2024 03:04:05',
    '02-Jan-2024 03:04:05',
    '02/Jan/2024:03:04:05 +0000',
    '02/Jan/2024:04:04:05 +0100',
    '02JAN2024:03:04:05',
    'January 2, 2024 3:04:05 AM',
    'January 2, 2024, 03:04:05',
    'January 2, 2024 at 3:04:05 AM',
    'Jan 2 2024 03:04:05',
    'Jan  2 03:04:05 2024',
    'Tue Jan  2 03:04:05 2024',
    'Tue Jan 2 03:04:05 UTC 2024',
    'Tue Jan 02 04:04:05 +0100 2024',
    'Tue Jan 02 2024 04:04:05 GMT+0100 (Central European Standard Time)',
    'Tue, 02 Jan 2024 03:04:05 GMT',
    'Tue, 2 Jan 2024 04:04:05 +0100',
    'Tue, 02 Jan 2024 03:04:05 +0000 (UTC)',
    'Tuesday, January 2, 2024 3:04:05 AM',
    'Tue 2024-01-02 03:04:05',
  ],
  '2024-01-02 15:04:00': [
    '2024-01-02T15:04',
    '2024-01-02 15:04Z',
    '20240102T1504',
    '2024-01-02 3:04 PM',
    '2024-01-02 03:04pm',
    '2024-01-02 3:04 P.M.',
    '2024-01-02 16:04+01:00',
    '2 January 2024 3:04 pm',
    '2 Jan 2024, 15:04',
    '2024-01-02 4:04 PM +01:00',
  ],
  '2019-06-02 07:15:33.417000': [
    '2019-06-02 07:15:33,417',
    '2019-06-02 07:15:33.417',
    '2019-06-02T07:15:33.4170Z',
    '2019-06-02 07:15:33.417000000 +0000',
    '20190602T071533.417',
    '2019-06-02 02:15:33,417 -0500',
  ],
  '2024-01-03 00:00:00': ['2024-01-02T24:00', '2024-01-02 24:00:00', '2024-01-02 24:00:00.000Z', '20240102T2400'],
  '2024-01-02 00:00:00': [
    '2024-01-02',
    '2024/1/2',
    '2024.01.02',
    '2024 01 02',
    '2 Jan 2024',
    '2Jan2024',
    '02JAN2024',
    '2-Jan-2024',
    '2. January 2024',
    '2 January, 2024',
    'Jan 2, 2024',
    'Jan. 2 2024',
    'JAN-02-2024',
    'January 2 2024',
    '2024 Jan 2',
    '2024-Jan-02',
    '02-JAN-24',
    'Jan 2, 24',
    'Tue, 2 Jan 2024',
    'tuesday 2 jan 2024',
    '2024-01-02 12:00 AM',
  ],
  '2024-09-30 00:00:00': ['30 Sept 2024', 'Sept. 30, 2024', '30 SEPTEMBER 2024', 'Mon 30 Sep 2024'],
  '1000-01-01 00:00:00': ['1000-01-01', '1000-01-01T01:00:00+01:00'],
  '9999-12-31 23:59:59.999999': ['9999-12-31T23:59:59.999999Z', '9999-12-31T22:59:59,999999-01:00'],
};

describe('times', () => {
  for (const [canonical, texts] of Object.entries(TIMESTAMPS)) {
    for (const text of texts) {
      it(`reads ${text} as ${canonical}`, () =>
        assert.deepEqual(read(UTC, [text, ` ${text} `]), [canonical, canonical]));
    }
  }

  const never = [
    ...['2024-00-10', '2024-13-01', '2024-02-30', '2023-02-29', '1900-02-29', '2024-04-31', '2024-01-00', '2024-01-32'],
    ...['2024-01-02 23:60:00', '2024-01-02 23:59:61', '2024-01-02 99:00:00', '2024-01-02 25:00', '2024-01-02 24:00:01'],
    ...['2024-01-02 24:00:00.0000001', '2016-12-31 23:59:60', '2024-01-02 13:00 PM', '2024-01-02 0:30 AM', '99:00:00'],
    ...['0999-12-31', '10000-01-01', '0001-01-01', '1000-01-01T00:00:00+01:00', '9999-12-31T23:59:59-00:01'],
    ...[
      '9999-12-31 24:00',
      '2024-01-02 10:00+16:00',
      '2024-01-02 10:00+01:60',
      '2024-01-02 10:00+1',
      '2024-01-02 10:00 +',
    ],
    ...['2024-01', '2024', '2024-W01-2', '2024-002', '2024-01-02T', '2024-01-02 ', '2024-01-02T10', '2024-01-02 10'],
    ...[
      '2024-01/02',
      '2024-01-02-',
      '2024--01-02',
      '2024-001-02',
      '2024-01-002',
      '1/2/024',
      '1/2/20245',
      '2024-01-02 1030',
    ],
    ...[
      '10 20 30',
      '1.2.3',
      '1-2-3',
      '10-20-30-40',
      '12 05 30',
      '31/31/2024',
      '13/13/2024',
      '00/00/2024',
      '0000-00-00',
    ],
    ...['32/01/2024', '2024-1-2-3', '2024-01-02Z', '2024-01-02+01:00', '2024-01-02 10:00 CET', '2024-01-02 10:00 EST'],
    ...[
      'Jan 2024',
      'Jan 2',
      '2 Jan',
      '2 Jan 10:13:55',
      'Jan 2 10:13:55',
      'Jan 32 2024',
      '30 Feb 2024',
      '2 Januar 2024',
    ],
    ...[
      'Mon, 02 Jan 2024 03:04:05 GMT',
      'Mon 2024-01-02',
      'epoch',
      'now',
      'today',
      'infinity-',
      'Monday',
      'May',
      'Mai',
    ],
    ...['2024-01-02 10:0', '2024-01-02 10:00:0', '2024-01-02 10:00:00.', '2024-01-02 :30', '2024-01-02 10:00 (UTC)'],
    ...[
      '2024-01-02 10:00Zulu',
      '2024-01-02 10:00 am pm',
      '2024-01-02 10:00 a',
      '2024-01-02T10:00:00+01:00[Europe/Berlin]',
    ],
    ...[
      '2024-01-02 10:00 UTC+',
      '2024-01-02 to 2024-01-03',
      '2024-01-02/2024-01-03',
      '20240230',
      '20240102T25',
      '202401021030',
    ],
    ...['２０２４-01-02', '2024−01−02', '10.12.24.1', '192.168.10.12', '12:30', '1:2', '24:30', '12:60', '12:30:99'],
  ];
  for (const text of never) {
    it(`does not read '${text}' as a day`, () =>
      assert.equal(classifyText(text.trimEnd() === text ? text : 'x') & ANY_ORDER, 0));
  }

  it('reads times of day as no more than that', () => {
    for (const text of [
      '0:00',
      '08:15',
      '8:15 AM',
      '08:15:00 PM',
      '23:59:59.5',
      '24:00',
      '8:15:00 a.m.',
      '10:00Z',
      '10:00+02:00',
    ])
      assert.equal(classifyText(text) & (CLOCK | ANY_ORDER), CLOCK, text);
  });

  it('reads numeric dates in every order in which they exist', () => {
    for (const [text, orders] of [
      ['02/03/2024', DMY | MDY],
      ['2-3-2024', DMY | MDY],
      ['02.03.2024', DMY | MDY],
      ['2. 3. 2024', DMY | MDY],
      ['02 03 2024', DMY | MDY],
      ['13/03/2024', DMY],
      ['03/13/2024', MDY],
      ['30/02/2024', 0],
      ['02/03/04', DMY | MDY | YMD],
      ['02/29/04', MDY],
      ['31/12/24', DMY | YMD],
      ['31/12/99', DMY],
      ['12/31/20', MDY],
      ['99-12-31', YMD],
      ['2/3/04', DMY | MDY],
      ['29/02/23', YMD],
      ['02-JAN-24', DMY | MDY],
      ['2024-03-02', DMY | MDY | YMD],
      ['Sun 04/05/2025', DMY],
      ['Mon 04/05/2025', 0],
    ] as const)
      assert.equal(classifyText(text) & ANY_ORDER, orders, text);
  });

  it('takes two digits for the years 1970 to 2069', () => {
    assert.deepEqual(read({ type: 'date', order: 'dmy', pattern: null }, ['1/1/69', '1/1/70', '1-Jan-00']), [
      '2069-01-01',
      '1970-01-01',
      '2000-01-01',
    ]);
  });

  it('drops digits past the microsecond', () => {
    for (const [text, isLost] of [
      ['2024-01-02 03:04:05.1234567', true],
      ['2024-01-02 03:04:05.1234560', false],
      ['Jan 2, 2024 3:04:05,1234567 AM', true],
      ['Jan 2, 2024 3:04:05.123456000 AM', false],
    ] as const)
      assert.equal((classifyText(text) & PAST_MICROSECOND) !== 0, isLost, text);

    assert.deepEqual(read(UTC, ['2026-04-05T02:30:00.412803775Z', '1969-12-31 23:59:59.9999999']), [
      '2026-04-05 02:30:00.412803',
      '1969-12-31 23:59:59.999999',
    ]);
  });

  it('reads what Temporal reads of ISO 8601, as the same moment', () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, '0'));
    const offset = fc.oneof(
      fc.constantFrom('Z', 'z'),
      fc.tuple(fc.constantFrom('+', '-'), two(15), fc.constantFrom(':', ''), two(61)).map((parts) => parts.join('')),
      fc.tuple(fc.constantFrom('+', '-'), two(15)).map((parts) => parts.join('')),
    );
    const fraction = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 9 });
    const year = fc.integer({ min: 1001, max: 9998 }).map(String);
    const extended = fc
      .tuple(
        year,
        two(13),
        two(32),
        fc.constantFrom('T', 't', ' '),
        two(23),
        two(60),
        fc.option(two(60)),
        fc.option(fraction),
        offset,
      )
      .map(
        ([y, m, d, t, h, min, s, f, z]) =>
          `${y}-${m}-${d}${t}${h}:${min}${s === null ? '' : `:${s}${f ? `.${f}` : ''}`}${z}`,
      );
    const basic = fc
      .tuple(year, two(13), two(32), two(23), two(60), two(60), fc.option(fraction), offset)
      .map(([y, m, d, h, min, s, f, z]) => `${y}${m}${d}T${h}${min}${s}${f ? `,${f}` : ''}${z}`);
    let valid = 0;
    fc.assert(
      fc.property(fc.oneof(extended, basic), (text) => {
        const [value] = read(UTC, [text]);
        let expected: string | null = null;
        try {
          const instant = Temporal.Instant.from(text);
          // Temporal takes a leap second for the second before.
          if (!/:60|T\d{4}60/i.test(text))
            expected = instant
              .toZonedDateTimeISO('UTC')
              .toPlainDateTime()
              .toString({ fractionalSecondDigits: 6, roundingMode: 'floor' });
        } catch {}
        if (expected === null) assert.match(String(value), /^rejected/);
        else {
          valid++;
          assert.equal(String(value).replace(' ', 'T').padEnd(20, '.').padEnd(26, '0'), expected, text);
        }
      }),
      { numRuns: 5000 },
    );
    assert.ok(valid > 1000);
  });

  it('reads every day of eight centuries as Date does', () => {
    for (let days = -130_000; days < 160_000; days += 13) {
      const iso = new Date(days * 86_400_000).toISOString().slice(0, 10);
      const [y, m, d] = iso.split('-');
      assert.deepEqual(read(DATE, [iso, `${y}${m}${d}`]), [iso, iso]);
      assert.deepEqual(read({ type: 'date', order: 'dmy', pattern: null }, [`${d}.${m}.${y}`]), [iso]);
    }
  });

  it('scans the usual forms like all others', () => {
    const part = fc.constantFrom('20', '24', '01', '02', '12', '31', '30', '00', '59', '60', '23', '24', '7');
    const mark = fc.constantFrom('-', '/', '.', ':', ' ', 'T', 'Z', '+', '-05:00', '.5', '.1234567', '');
    const texts = fc.array(fc.tuple(part, mark), { minLength: 3, maxLength: 9 }).map((parts) => parts.flat().join(''));
    const nearly = fc
      .tuple(
        fc.constantFrom('2024-01-02', '2024/02/30', '31.12.2024', '2024-01/02', '12-31-2024', '1024.11.11'),
        fc.constantFrom('', ' ', 'T', 't', '  '),
        fc.constantFrom(
          '',
          '03:04',
          '23:59:59',
          '24:00',
          '24:00:00',
          '3:04',
          '23:60',
          '12:00:00.123',
          '12:00:00.0000001',
          '12:00:00.',
        ),
        fc.constantFrom('', 'Z', '+01:00', '-0500', '+15:59', '+16:00', ' +01:00', '+1:00', '-05', 'ZZ', '+01:00x'),
      )
      .map((parts) => parts.join(''));
    let usual = 0;
    fc.assert(
      fc.property(fc.oneof(texts, nearly), (text) => {
        if (!scanUsualTime(ASCII, 0, putAscii(text))) return;
        usual++;
        const found = { ...scanned, readings: scannedReadings() };
        assert.ok(scanTime(text), text);
        assert.deepEqual({ ...scanned, readings: scannedReadings() }, { ...scanned, ...relevant(found) });
      }),
      { numRuns: 5000 },
    );
    assert.ok(usual > 20, String(usual));
  });

  /** Parts that belong to the form; the others are left from earlier scans. */
  function relevant({ form, year, month, day, first, second, third, ...rest }: typeof scanned & { readings: number }) {
    return form === 'numeric' ? { form, first, second, third, ...rest } : { form, year, month, day, ...rest };
  }
});
