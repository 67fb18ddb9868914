import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scrollScale } from '../../ui/screens/table/scroll-scale.ts';

const ROW = 34;
const VIEW = 600;
/** 100 million rows. */
const HEIGHT = 100_000_000 * ROW;

describe('the scale of a scrollbar', () => {
  test('is 1:1 where browsers can show the list', () => {
    const scale = scrollScale(1_000 * ROW, VIEW);
    assert.equal(scale.shownHeight, 34_000);
    assert.deepEqual(scale.placeAfter(1234, scale.placeOf(0)), { top: 1234, offset: 0 });
    assert.deepEqual(scale.placeOf(1e9), { top: 34_000 - VIEW, offset: 0 });
    assert.deepEqual(scrollScale(0, VIEW).placeOf(10), { top: 0, offset: 0 });
  });

  test('reaches the first and the last pixel of 100 million rows', () => {
    const scale = scrollScale(HEIGHT, VIEW);
    assert(scale.shownHeight <= 8_000_000);
    assert.deepEqual(scale.placeOf(-5), { top: 0, offset: 0 });
    const end = scale.placeOf(HEIGHT);
    assert.equal(end.top, HEIGHT - VIEW);
    assert.equal(end.top - end.offset, scale.shownHeight - VIEW);
    assert.equal(scale.placeAfter(scale.shownHeight - VIEW, scale.placeOf(0)).top, HEIGHT - VIEW);
    assert.equal(scale.placeAfter(0, end).top, 0);
  });

  test('moves a pixel per pixel scrolled, anywhere, and never past an end of the scrollbar', () => {
    const scale = scrollScale(HEIGHT, VIEW);
    for (const start of [0, 79_990, 1e6, 1.7e9, HEIGHT - 200_000, HEIGHT - 2 * VIEW]) {
      let place = scale.placeOf(start);
      for (let step = 1; step <= 400; step++) {
        const scrollTop = place.top - place.offset;
        assert(scrollTop >= 0 && scrollTop <= scale.shownHeight - VIEW, `${scrollTop} from ${start}`);
        const next = scale.placeAfter(Math.min(scrollTop + 100, scale.shownHeight - VIEW), place);
        assert.equal(next.top, Math.min(HEIGHT - VIEW, place.top + 100), `step ${step} from ${start}`);
        place = next;
      }
      // And back up to where it started.
      for (let step = 1; step <= 400 && place.top > start; step++) {
        const next = scale.placeAfter(place.top - place.offset - 100, place);
        assert.equal(next.top, place.top - 100, `back ${step} from ${start}`);
        place = next;
      }
    }
  });
});
