import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { HEAD_PIXELS, ROW_PIXELS } from './column-layout.ts';
import { type ScrollPlace, type ScrollScale, scrollScale } from './scroll-scale.ts';

/** No rows are requested until a dragged scrollbar has been still for this long. */
const STILL_MS = 80;
/** Rows above and below the view, so that scrolling shows no gap. */
const SPARE_ROWS = 12;

export interface Scroller {
  readonly scale: ScrollScale;
  /** How many pixels of the whole list are above the element that scrolls. */
  readonly offset: number;
  readonly scrollLeft: number;
  readonly view: { readonly width: number; readonly height: number };
  readonly first: number;
  readonly last: number;
  /** Without the spare rows. */
  readonly lastInView: number;
  /** Rows that are in full view. */
  readonly rowsInView: number;
  readonly jumping: boolean;
  readonly onScroll: () => void;
  readonly scrollToTop: (top: number) => void;
  readonly showRow: (row: number) => void;
}

/** Scrolls rows of equal height below a header, however many there are. */
export function useScroller(element: RefObject<HTMLElement | null>, rows: number, startRow: number): Scroller {
  const [view, setView] = useState({ width: 0, height: 0 });
  const [place, setPlace] = useState<ScrollPlace>({ top: startRow * ROW_PIXELS, offset: 0 });
  const [scrollLeft, setScrollLeft] = useState(0);
  const [jumping, setJumping] = useState(false);
  const still = useRef<ReturnType<typeof setTimeout>>(undefined);
  const bodyHeight = Math.max(0, view.height - HEAD_PIXELS);
  const scale = useMemo(() => scrollScale(rows * ROW_PIXELS, bodyHeight), [rows, bodyHeight]);
  const current = useRef(place);

  const go = useCallback(
    (next: ScrollPlace): void => {
      current.current = next;
      setPlace(next);
      const { current: scroller } = element;
      const scrollTop = next.top - next.offset;
      if (scroller && Math.abs(scroller.scrollTop - scrollTop) >= 1) scroller.scrollTop = scrollTop;
    },
    [element],
  );

  useLayoutEffect(() => {
    const { current: scroller } = element;
    if (!scroller) return;
    const measure = (): void => setView({ width: scroller.clientWidth, height: scroller.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [element]);

  // More rows, fewer rows or another height: what is shown stays where it is.
  useLayoutEffect(() => {
    if (bodyHeight > 0) go(scale.placeOf(current.current.top));
  }, [scale, bodyHeight, go]);
  useEffect(() => () => clearTimeout(still.current), []);

  const onScroll = useCallback((): void => {
    const { current: scroller } = element;
    if (!scroller) return;
    setScrollLeft(scroller.scrollLeft);
    const before = current.current;
    const next = scale.placeAfter(scroller.scrollTop, before);
    if (next.top === before.top) return;
    if (Math.abs(next.top - before.top) > bodyHeight * 2) {
      setJumping(true);
      clearTimeout(still.current);
      still.current = setTimeout(() => setJumping(false), STILL_MS);
    }
    go(next);
  }, [element, scale, bodyHeight, go]);

  const scrollToTop = useCallback((top: number) => go(scale.placeOf(top)), [scale, go]);
  const showRow = useCallback(
    (row: number): void => {
      const { top } = current.current;
      const rowTop = row * ROW_PIXELS;
      if (rowTop < top) scrollToTop(rowTop);
      else if (rowTop + ROW_PIXELS > top + bodyHeight) scrollToTop(rowTop + ROW_PIXELS - bodyHeight);
    },
    [scrollToTop, bodyHeight],
  );

  const firstInView = Math.floor(place.top / ROW_PIXELS);
  return {
    scale,
    offset: place.offset,
    scrollLeft,
    view,
    first: Math.max(0, firstInView - SPARE_ROWS),
    last: Math.min(rows - 1, firstInView + Math.ceil(bodyHeight / ROW_PIXELS) + SPARE_ROWS),
    lastInView: bodyHeight === 0 ? -1 : firstInView + Math.floor(bodyHeight / ROW_PIXELS),
    rowsInView: Math.max(1, Math.floor(bodyHeight / ROW_PIXELS)),
    jumping,
    onScroll,
    scrollToTop,
    showRow,
  };
}
