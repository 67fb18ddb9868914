import { Link } from 'wouter';
import type { Session } from '../../../client/session.ts';
import type * as api from '../../../src/api/uploads.ts';
import { may } from '../../data/session.ts';
import { hasEnded, useUpload } from '../../data/uploads.ts';
import { Ago } from '../../design/ago.tsx';
import { ButtonLink } from '../../design/button.tsx';
import { bytes } from '../../design/figures.ts';
import { ProblemBox } from '../../design/problem-box.tsx';
import { Screen } from '../../design/screen.tsx';
import { LoadProgress } from '../../parts/load-progress.tsx';
import { NotReadYet } from '../../parts/not-read-yet.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { UploadStatusBadge } from '../../parts/upload-status.tsx';
import { Receipt } from './receipt.tsx';
import { RemoveUpload } from './remove-upload.tsx';
import { RetryUpload } from './retry-upload.tsx';
import styles from './upload.module.css';

export interface UploadScreenProps {
  readonly customerId: string;
  readonly uploadId: string;
  readonly session: Session;
}

/** One upload: how far it is, what became of its rows, and what can be done with it. */
export default function UploadScreen({ customerId, uploadId, session }: UploadScreenProps) {
  const { data: upload, error, failureReason } = useUpload(uploadId);
  if (error)
    return (
      <Screen title="Upload" tabTitle={`Upload · ${customerId}`}>
        <ReadProblem error={error} />
        <AllUploads customerId={customerId} />
      </Screen>
    );
  if (!upload) return <NotReadYet failure={failureReason} />;
  const canRetry = may(session, 'upload') && upload.status === 'failed' && upload.retry_until !== null;
  return (
    <Screen
      title={upload.filename ?? 'Unnamed file'}
      tabTitle={`${upload.filename ?? 'Upload'} · ${customerId}`}
      lead={<About upload={upload} />}
      actions={may(session, 'undo') && <RemoveUpload upload={upload} />}
    >
      {upload.error && <ProblemBox problem={{ ...upload.error, hint: hintFor(upload.error, canRetry) }} />}
      {(upload.receipt?.rejected || upload.error?.code === 'rows_rejected') && (
        <div>
          <ButtonLink to={`/c/${customerId}/uploads/${uploadId}/rejected`} look="primary">
            Show and correct the rejected rows
          </ButtonLink>
        </div>
      )}
      {!hasEnded(upload) && (
        <div className={styles.progress}>
          <LoadProgress upload={upload} />
        </div>
      )}
      {canRetry && <RetryUpload upload={upload} />}
      {upload.receipt && <Receipt receipt={upload.receipt} />}
      <AllUploads customerId={customerId} />
    </Screen>
  );
}

function AllUploads({ customerId }: { readonly customerId: string }) {
  return (
    <p>
      <Link href={`/c/${customerId}/uploads`}>All uploads</Link>
    </p>
  );
}

/** What to do on this screen: other hints name options of the API. */
function hintFor({ code, hint }: NonNullable<api.Upload['error']>, canRetry: boolean): string {
  if (canRetry && code === 'rows_rejected') return 'Correct these rows, or load the file again in another way.';
  if (canRetry && code === 'ambiguous_values') return 'Choose below how the values are read, and load the file again.';
  return hint;
}

function About({ upload }: { readonly upload: api.Upload }) {
  return (
    <>
      <UploadStatusBadge upload={upload} /> {upload.bytes !== null && `${bytes(upload.bytes)} · `}
      uploaded <Ago at={upload.created_at} />
      {upload.duplicate_of && (
        <>
          {' · '}
          <Link href={`/c/${upload.customer_id}/uploads/${upload.duplicate_of.id}`}>
            same file as an earlier upload
          </Link>
        </>
      )}
    </>
  );
}
