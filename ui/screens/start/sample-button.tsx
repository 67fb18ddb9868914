import { ChartColumn } from 'lucide-react';
import { useLocation } from 'wouter';
import { problemIn } from '../../data/problem-in.ts';
import { SAMPLE_CUSTOMER } from '../../data/sample-file.ts';
import { useSampleUpload } from '../../data/sample-upload.ts';
import { Button } from '../../design/button.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';

/** From an empty server to the first chart. */
export function SampleButton() {
  const [, navigate] = useLocation();
  const sample = useSampleUpload();
  return (
    <>
      <Button
        disabled={sample.isPending}
        onClick={() => sample.mutate(undefined, { onSuccess: () => navigate(`/c/${SAMPLE_CUSTOMER}/uploads`) })}
      >
        <ChartColumn aria-hidden />
        {sample.isPending ? 'Loading the sample …' : 'Try it with a sample file'}
      </Button>
      {sample.error && <ProblemBox problem={problemIn(sample.error)} />}
    </>
  );
}
