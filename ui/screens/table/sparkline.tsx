import type { Distribution } from '../../data/distributions.ts';
import { count } from '../../design/figures.ts';
import styles from './table.module.css';

const WIDTH = 120;
const HEIGHT = 26;

/** How the values of a column are distributed, as small bars. */
export function Sparkline({ distribution, column }: { readonly distribution: Distribution; readonly column: string }) {
  const { bars, kind, slots, sampled } = distribution;
  const most = Math.max(...bars.map(({ rows }) => rows));
  if (bars.length === 0) return null;
  const width = WIDTH / slots;
  const what =
    kind === 'range'
      ? `rows by ${column}, at most ${count(most)} in one of ${bars.length} parts`
      : `the ${bars.length} most frequent values of ${column}, with up to ${count(most)} rows`;
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Bars: ${what}${sampled ? ', in a sample' : ''}`}
    >
      {sampled && <title>From a sample of the rows</title>}
      {bars.map(({ at, rows }) => {
        const height = Math.max(1, (rows / most) * HEIGHT);
        return (
          <rect
            key={at}
            x={Math.min(WIDTH - width, at * WIDTH)}
            y={HEIGHT - height}
            width={Math.max(0.6, width * 0.82)}
            height={height}
          />
        );
      })}
    </svg>
  );
}
