import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { timeTicks } from '../../ui/screens/analyses/charts/time-ticks.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;

/** The ticks of a range, with their local time. */
function ticks(from: string, to: string, most: number, zone: string): readonly string[] {
  const format = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return timeTicks(at(from), at(to), most, zone).at.map((tick) => format.format(tick * 1000));
}

describe('ticks of an axis of time', () => {
  test('are at round local hours before and after clocks are set back', () => {
    assert.deepEqual(ticks('2024-10-26T18:00Z', '2024-10-27T12:00Z', 6, 'Europe/Berlin'), [
      '2024-10-26 21:00',
      '2024-10-27 00:00',
      '2024-10-27 03:00',
      '2024-10-27 06:00',
      '2024-10-27 09:00',
      '2024-10-27 12:00',
    ]);
    const { at: places } = timeTicks(at('2024-10-26T18:00Z'), at('2024-10-27T12:00Z'), 6, 'Europe/Berlin');
    assert.deepEqual(
      places.slice(1).map((place, index) => (place - (places[index] ?? 0)) / 3600),
      [3, 4, 3, 3, 3],
    );
  });

  test('show each of the two hours that clocks show twice', () => {
    assert.deepEqual(ticks('2024-10-26T23:00Z', '2024-10-27T03:00Z', 5, 'Europe/Berlin'), [
      '2024-10-27 01:00',
      '2024-10-27 02:00',
      '2024-10-27 02:00',
      '2024-10-27 03:00',
      '2024-10-27 04:00',
    ]);
  });

  test('are at local midnights, Mondays, months and years', () => {
    assert.deepEqual(ticks('2024-03-29T12:00Z', '2024-04-02T12:00Z', 5, 'Europe/Berlin'), [
      '2024-03-30 00:00',
      '2024-03-31 00:00',
      '2024-04-01 00:00',
      '2024-04-02 00:00',
    ]);
    assert.deepEqual(ticks('2024-03-01T00:00Z', '2024-03-29T00:00Z', 4, 'UTC'), [
      '2024-03-04 00:00',
      '2024-03-11 00:00',
      '2024-03-18 00:00',
      '2024-03-25 00:00',
    ]);
    assert.deepEqual(ticks('2023-11-15T00:00Z', '2024-07-02T00:00Z', 3, 'America/New_York'), [
      '2024-01-01 00:00',
      '2024-04-01 00:00',
      '2024-07-01 00:00',
    ]);
    assert.deepEqual(ticks('1890-01-01T00:00Z', '2020-01-01T00:00Z', 4, 'UTC').length, 3);
  });

  test('are never many more than there is room for', () => {
    for (let seconds = 2; seconds < 3e10; seconds *= 1.7) {
      const { at: places, label } = timeTicks(
        at('2024-01-01T00:00Z'),
        at('2024-01-01T00:00Z') + seconds,
        8,
        'Asia/Kolkata',
      );
      assert(places.length <= 10, `${places.length} ticks for ${seconds} s`);
      for (const place of places) assert.notEqual(label(place), '');
    }
  });
});
