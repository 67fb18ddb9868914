import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ambiguousTimesWarning } from '../../../src/csv/values/format-warnings.ts';
import { localTimesOf } from '../../../src/csv/values/time-zone.ts';
import { parserFor } from '../../../src/csv/values/value-parser.ts';
import { read } from './reading.ts';

const inZone = (timeZone: string) => ({ type: 'timestamp', order: null, pattern: null, timeZone }) as const;

describe('local times', () => {
  it('are read in their zone; those that clocks skipped are rejected, and of two moments it is the earlier', () => {
    assert.deepEqual(
      read(inZone('Europe/Berlin'), [
        '2024-06-01 00:30:00',
        '2024-03-31 02:30',
        '2024-10-27 02:30',
        '2024-01-01',
        '2024-10-27 02:30Z',
      ]),
      [
        '2024-05-31 22:30:00',
        'rejected: no_such_local_time',
        '2024-10-27 00:30:00',
        '2023-12-31 23:00:00',
        '2024-10-27 02:30:00',
      ],
    );
    const parser = parserFor(inZone('Europe/Berlin'), new Set());
    for (const text of ['2024-10-27 02:00', '2024-10-27 02:59:59.9', '2024-10-27 03:00', '2024-10-27 01:59'])
      parser.parse(text, 7);
    assert.deepEqual(parser.ambiguousTimes, { count: 2, line: 7, text: '2024-10-27 02:00' });
    assert.equal(
      ambiguousTimesWarning('t', 'Europe/Berlin', parser.ambiguousTimes)?.message,
      "Column 't' has 2 times that clocks in Europe/Berlin showed twice, read as the earlier moment. Line 7: '2024-10-27 02:00'.",
    );
    assert.equal(ambiguousTimesWarning('t', 'Europe/Berlin', null), null);
    const skipped = parser.parse('2024-03-31 02:00');
    assert.deepEqual(skipped, {
      code: 'no_such_local_time',
      reason: 'does not exist in Europe/Berlin: clocks were set forward',
    });
  });

  it('are those of Temporal, in any zone and year', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'Asia/Kolkata',
      'America/Sao_Paulo',
      'Africa/Casablanca',
      'Europe/Dublin',
      'Asia/Tehran',
      'UTC',
      'Etc/GMT+5',
      'America/St_Johns',
      'Antarctica/Troll',
      'Africa/Monrovia',
    ];
    const local = new Map(zones.map((zone) => [zone, localTimesOf(zone)]));
    const anyTime = fc.integer({ min: -30_000_000_000, max: 253_000_000_000 });
    const modern = fc.integer({ min: 0, max: 2_500_000_000 });
    // Around the changes of the clocks, which random times hardly meet.
    const nearChange = fc
      .tuple(modern, fc.constantFrom(...zones), fc.integer({ min: -10_000, max: 10_000 }))
      .map(([seconds, zone, by]) => {
        const change = Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
          .toZonedDateTimeISO(zone)
          .getTimeZoneTransition('next');
        return {
          zone,
          seconds: change ? Math.round(change.epochMilliseconds / 1000 + change.offsetNanoseconds / 1e9) + by : seconds,
        };
      });
    const anywhere = fc.record({ zone: fc.constantFrom(...zones), seconds: fc.oneof(anyTime, modern) });
    let ambiguous = 0;
    let skipped = 0;
    fc.assert(
      fc.property(fc.oneof(nearChange, anywhere), ({ zone, seconds }) => {
        const times = local.get(zone) as ReturnType<typeof localTimesOf>;
        const plain = Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
          .toZonedDateTimeISO('UTC')
          .toPlainDateTime();
        const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
        const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
        const offset = times.offsetOf(seconds);
        const isSkipped = !earlier.toPlainDateTime().equals(plain);
        assert.equal(Number.isNaN(offset), isSkipped, `${plain} ${zone}`);
        if (isSkipped) {
          skipped++;
          return;
        }
        assert.equal(offset, earlier.offsetNanoseconds / 1e9, `${plain} ${zone}`);
        assert.equal(times.wasAmbiguous, !earlier.equals(later), `${plain} ${zone}`);
        if (times.wasAmbiguous) ambiguous++;
      }),
      { numRuns: 3000 },
    );
    assert.ok(ambiguous > 50 && skipped > 50, `${ambiguous} ${skipped}`);
  });

  it('of a whole day that a zone skipped do not exist', () => {
    assert.deepEqual(read(inZone('Pacific/Apia'), ['2011-12-29 12:00', '2011-12-30 12:00', '2011-12-31 12:00']), [
      '2011-12-29 22:00:00',
      'rejected: no_such_local_time',
      '2011-12-30 22:00:00',
    ]);
  });

  it('of values in every year need no memory for all years', () => {
    const times = localTimesOf('Europe/Berlin');
    for (let year = 1000; year < 9999; year += 3)
      assert.ok(Math.abs(times.offsetOf((year - 1970) * 31_556_952)) < 86_400);
  });

  it('need a zone that exists', () => {
    assert.throws(() => localTimesOf('Europe/Berln'), RangeError);
  });
});
