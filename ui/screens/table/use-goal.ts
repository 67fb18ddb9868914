import { useEffect, useLayoutEffect, useRef } from 'react';
import { ROW_PIXELS } from './column-layout.ts';

/** Scrolls to a row, in the middle of the view, whenever there is a new goal. */
export function useGoal(goal: { readonly row: number }, scrollToTop: (top: number) => void, viewHeight: number): void {
  const reached = useRef<{ readonly row: number } | null>(null);
  useLayoutEffect(() => {
    if (viewHeight <= 0 || reached.current === goal) return;
    reached.current = goal;
    scrollToTop(goal.row * ROW_PIXELS - Math.floor(viewHeight / 2 / ROW_PIXELS) * ROW_PIXELS);
  }, [goal, scrollToTop, viewHeight]);
}

/** Notices that the end of the table is in view. */
export function useEndShown(lastInView: number, rows: number, onEndShown: () => void): void {
  const isShown = lastInView >= rows - 1;
  useEffect(() => {
    if (isShown && rows > 0) onEndShown();
  }, [isShown, rows, onEndShown]);
}
