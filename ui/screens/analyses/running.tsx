import { useEffect, useState } from 'react';
import { useAnalysisProgress, useCancelAnalysis } from '../../data/analyses.ts';
import type { AnalysisRequest } from '../../data/analysis-request.ts';
import { Button } from '../../design/button.tsx';
import { ProgressBar } from '../../design/progress-bar.tsx';
import styles from './analyses.module.css';

/** What takes less time is shown without a word. */
const SHORT_MS = 400;

interface RunningProps {
  readonly customerId: string;
  readonly request: AnalysisRequest;
}

/** An analysis in progress. */
export function Running(props: RunningProps) {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), SHORT_MS);
    return () => clearTimeout(timer);
  }, []);
  return <div className={styles.running}>{isLong && <Progress {...props} />}</div>;
}

function Progress({ customerId, request }: RunningProps) {
  const [startedAt] = useState(() => Date.now() - SHORT_MS);
  const [seconds, setSeconds] = useState(0);
  const fraction = useAnalysisProgress(customerId, request);
  const cancel = useCancelAnalysis(customerId, request);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - startedAt) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [startedAt]);
  return (
    <>
      <div className={styles.runningText}>
        <span role="status">{cancel.isPending || cancel.isSuccess ? 'Cancelling …' : 'Running …'}</span>
        <span className={styles.soft}>
          {fraction !== null && `${Math.round(fraction * 100)} % · `}
          {seconds} s
        </span>
        <Button size="small" disabled={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      </div>
      <ProgressBar label="Analysis" fraction={fraction} />
    </>
  );
}
