import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import styles from './virtual-list.module.css';

/** Rows that are kept above and below what is seen, so that the keyboard can go on to them. */
const BEYOND = 6;

export interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  /** Height of each row in pixels, which has to be the same for all. */
  readonly rowHeight: number;
  /** Least width of the content in pixels; if there is less, it scrolls sideways. */
  readonly minWidth?: number;
  /** Stays above the rows. */
  readonly header?: ReactNode;
  readonly row: (index: number) => ReactNode;
  /** Called when the end comes into view. */
  readonly onEnd?: () => void;
}

/** A list of which only the rows that are seen exist, so that ten thousand cost as little as ten. */
export function VirtualList({ label, count, rowHeight, minWidth = 0, header, row, onEnd }: VirtualListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 800 });
  /** The row with the focus exists wherever the list is scrolled to. */
  const [focused, setFocused] = useState<number | null>(null);
  const look = (): void => {
    const { scrollTop: top = 0, clientHeight: height = 0 } = scroller.current ?? {};
    setSeen({ top, height });
  };
  useLayoutEffect(look, []);
  const first = Math.max(0, Math.floor(seen.top / rowHeight) - BEYOND);
  const end = Math.min(count, Math.ceil((seen.top + seen.height) / rowHeight) + BEYOND);
  const indexes = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  if (focused !== null && focused < count && (focused < first || focused >= end)) indexes.push(focused);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
    <div
      ref={scroller}
      className={styles.scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
      tabIndex={0}
      role="group"
      aria-label={label}
      onScroll={() => {
        look();
        if (end === count) onEnd?.();
      }}
      onBlur={() => setFocused(null)}
    >
      <div style={{ minWidth }}>
        {header && <div className={styles.header}>{header}</div>}
        <ul className={styles.rows} style={{ height: count * rowHeight }}>
          {indexes
            .sort((a, b) => a - b)
            .map((index) => (
              <li
                key={index}
                className={styles.row}
                aria-posinset={index + 1}
                aria-setsize={count}
                onFocus={() => setFocused(index)}
                style={{ top: index * rowHeight, height: rowHeight }}
              >
                {row(index)}
              </li>
            ))}
        </ul>
      </div>
    </div>
  );
}
