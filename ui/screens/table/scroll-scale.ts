/** Browsers show no element that is higher than some 16 to 33 million pixels. */
const MOST_PIXELS = 8_000_000;
/** A scaled list is divided into pages of at most this height; within each, a pixel scrolled is a pixel moved. */
const PAGE_PIXELS = 80_000;
/** A pixel of a scaled scrollbar stands for more than this, while a wheel or a finger moves less from one frame to the next. */
const DRAGGED_PIXELS = 4_000;

/**
 * Where a list is: `top` is the pixel of the whole list that is at the upper edge, `offset` how much of that is not in the height of the
 * element that scrolls. The two are equal only in lists that browsers can show as they are.
 */
export interface ScrollPlace {
  readonly top: number;
  readonly offset: number;
}

/** A list that may be higher than what browsers can show: its scrollbar is scaled, while scrolling by a wheel or a finger is not. */
export interface ScrollScale {
  /** Height of the whole list in pixels, and of the element that scrolls. */
  readonly height: number;
  readonly shownHeight: number;
  /** The place of a pixel of the list. */
  placeOf(top: number): ScrollPlace;
  /** The place after the element was scrolled from another place. */
  placeAfter(scrollTop: number, before: ScrollPlace): ScrollPlace;
}

export function scrollScale(height: number, viewHeight: number): ScrollScale {
  const shownHeight = Math.min(height, MOST_PIXELS);
  const lastTop = Math.max(0, height - viewHeight);
  const lastScrollTop = Math.max(0, shownHeight - viewHeight);
  const pages = Math.max(1, Math.ceil(lastTop / PAGE_PIXELS));
  const pagePixels = lastTop / pages;
  const offsetPerPage = pages > 1 ? (lastTop - lastScrollTop) / (pages - 1) : 0;
  const within = (top: number): number => Math.min(Math.max(0, top), lastTop);

  function placeOf(wanted: number): ScrollPlace {
    const top = within(wanted);
    const page = pagePixels === 0 ? 0 : Math.min(pages - 1, Math.floor(top / pagePixels));
    return { top, offset: Math.round(page * offsetPerPage) };
  }

  return {
    height,
    shownHeight,
    placeOf,
    placeAfter(scrollTop, before) {
      if (height === shownHeight) return { top: within(scrollTop), offset: 0 };
      const moved = scrollTop - (before.top - before.offset);
      if (Math.abs(moved) < DRAGGED_PIXELS) return placeOf(before.top + moved);
      // The scrollbar was dragged.
      return placeOf((scrollTop / lastScrollTop) * lastTop);
    },
  };
}
