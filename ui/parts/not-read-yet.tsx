import { useEffect, useState } from 'react';
import { ReadProblem } from './read-problem.tsx';

/** What takes less time is shown without a word. */
const SHORT_MS = 1_000;

/** Instead of what was not read yet: why not, or that it takes a while. */
export function NotReadYet({ failure }: { readonly failure: Error | null }) {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), SHORT_MS);
    return () => clearTimeout(timer);
  }, []);
  if (failure) return <ReadProblem error={failure} />;
  return isLong && <p role="status">Loading …</p>;
}
