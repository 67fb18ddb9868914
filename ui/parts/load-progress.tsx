import { useEffect, useRef, useState } from 'react';
import type { Upload } from '../../src/api/uploads.ts';
import { SendRate } from '../data/sending/send-rate.ts';
import { count, duration } from '../design/figures.ts';
import { ProgressBar } from '../design/progress-bar.tsx';
import styles from './load-progress.module.css';

/** The second stage of an upload, after its bytes were sent: how far loading is, how fast, and how much longer it takes. */
export function LoadProgress({ upload }: { readonly upload: Upload }) {
  const { status, progress, filename } = upload;
  const { rowsPerSecond, secondsLeft } = useLoadRate(upload);
  const details = [
    progress && progress.rows_read > 0 && `${count(progress.rows_read)} rows read`,
    rowsPerSecond !== null && rowsPerSecond >= 1 && `${count(rowsPerSecond)} rows/s`,
    secondsLeft !== null && secondsLeft >= 1 && `${duration(secondsLeft)} left`,
  ].filter(Boolean);
  return (
    <div className={styles.progress}>
      <ProgressBar label={`Loading ${filename ?? 'file'}`} fraction={progress?.fraction_done ?? null} />
      <p className={styles.figures}>{[STAGES[status], ...details].filter(Boolean).join(' · ')}</p>
    </div>
  );
}

const STAGES: Readonly<Partial<Record<Upload['status'], string>>> = {
  receiving: 'Step 1 of 2: being sent',
  received: 'Sent. Step 2 of 2: waits to be loaded',
  ingesting: 'Sent. Step 2 of 2: loading',
};

/** @returns null where it is not known yet */
function useLoadRate({ progress }: Upload): {
  readonly rowsPerSecond: number | null;
  readonly secondsLeft: number | null;
} {
  const rates = useRef({ rows: new SendRate(), fraction: new SendRate() });
  const [rate, setRate] = useState<{ readonly rows: number | null; readonly fraction: number | null }>({
    rows: null,
    fraction: null,
  });
  const rows = progress?.rows_read ?? 0;
  const fraction = progress?.fraction_done ?? null;
  useEffect(() => {
    if (rows === 0) return;
    setRate({
      rows: rates.current.rows.measure(rows),
      fraction: fraction === null ? null : rates.current.fraction.measure(fraction),
    });
  }, [rows, fraction]);
  const secondsLeft = fraction !== null && rate.fraction ? (1 - fraction) / rate.fraction : null;
  return { rowsPerSecond: rate.rows, secondsLeft };
}
