import { Progress } from '@base-ui/react/progress';
import styles from './progress-bar.module.css';

/** @param fraction of the work done, 0 to 1; null: unknown */
export function ProgressBar({ label, fraction }: { readonly label: string; readonly fraction: number | null }) {
  return (
    <Progress.Root value={fraction === null ? null : Math.round(fraction * 1000) / 10} aria-label={label}>
      <Progress.Track className={styles.track}>
        <Progress.Indicator className={styles.indicator} />
      </Progress.Track>
    </Progress.Root>
  );
}
