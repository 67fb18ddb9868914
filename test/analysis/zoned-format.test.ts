import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { zonedFormat } from '../../src/analysis/zoned-format.ts';

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham', 'Africa/Casablanca', 'EST'];

/** As rendered by Temporal, from 1970 on: before that, offsets may have seconds, which it rounds. */
function expected(micros: bigint, zone: string): string {
  const zoned = Temporal.Instant.fromEpochNanoseconds(micros * 1000n).toZonedDateTimeISO(zone);
  return zoned.toString({ timeZoneName: 'never' });
}

it('renders a timestamp as Temporal does, regardless of the timestamps rendered before', () => {
  for (const zone of ZONES) {
    const format = zonedFormat(zone);
    const same = (micros: bigint) => assert.equal(format(micros), expected(micros, zone));
    let at = Temporal.ZonedDateTime.from(`1970-01-01[${zone}]`).getTimeZoneTransition('next');
    for (let changes = 0; at && changes < 300; changes++) {
      const change = at.epochNanoseconds / 1000n;
      for (const micros of [change, change - 1n, change + 1n, change - 1000n]) same(micros);
      at = at.getTimeZoneTransition('next');
    }
    fc.assert(fc.property(fc.bigInt(0n, 4_000_000_000_000_000n), same));
  }
});
