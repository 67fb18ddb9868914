import { useLocation } from 'wouter';
import type { Upload } from '../../../src/api/uploads.ts';
import { problemIn } from '../../data/problem-in.ts';
import { useRetryUpload } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import styles from './rejected.module.css';

/** An upload that failed has loaded nothing. So the rows that fit come first, and then the corrected ones. */
export function LoadTheRest({ upload }: { readonly upload: Upload }) {
  const [, navigate] = useLocation();
  const retry = useRetryUpload();
  const canRetry = upload.retry_until !== null && Date.parse(upload.retry_until) > Date.now();
  return (
    <div className={styles.note}>
      <p>
        Nothing of this file was loaded, because these rows do not fit.{' '}
        {canRetry
          ? 'Load the other rows now; then the rejected ones can be corrected here.'
          : 'The server no longer has the file: correct it, and upload it again.'}
      </p>
      {canRetry && (
        <Button
          look="primary"
          disabled={retry.isPending}
          onClick={() =>
            retry.mutate(
              { id: upload.id, options: { on_error: 'skip' } },
              { onSuccess: ({ id, customer_id }) => navigate(`/c/${customer_id}/uploads/${id}/rejected`) },
            )
          }
        >
          Load the rows that fit
        </Button>
      )}
      {retry.error && <ProblemBox problem={problemIn(retry.error)} />}
    </div>
  );
}
