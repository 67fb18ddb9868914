import { ChartColumn } from 'lucide-react';
import { useLocation } from 'wouter';
import { searchFor } from '../../data/analysis-request.ts';
import { problemIn } from '../../data/problem-in.ts';
import { SAMPLE_CUSTOMER } from '../../data/sample-file.ts';
import { useSampleUpload } from '../../data/sample-upload.ts';
import { Button } from '../../design/button.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';

const FIRST_CHART = searchFor({
  kind: 'query',
  query: {
    measures: [{ fn: 'sum', column: 'riders', as: 'riders' }],
    group_by: [{ column: 'time', bucket: 'day' }, { column: 'station' }],
  },
});

/** From an empty server to the first chart. */
export function SampleButton() {
  const [, navigate] = useLocation();
  const sample = useSampleUpload();
  return (
    <>
      <Button
        disabled={sample.isPending}
        onClick={() =>
          sample.mutate(undefined, { onSuccess: () => navigate(`/c/${SAMPLE_CUSTOMER}/analyses${FIRST_CHART}`) })
        }
      >
        <ChartColumn aria-hidden />
        {sample.isPending ? 'Loading the sample …' : 'Try it with a sample file'}
      </Button>
      {sample.error && <ProblemBox problem={problemIn(sample.error)} />}
    </>
  );
}
