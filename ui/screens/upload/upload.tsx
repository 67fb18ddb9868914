import { useState } from 'react';
import { Link } from 'wouter';
import type * as api from '../../../src/api/uploads.ts';
import { problemIn } from '../../data/problem-in.ts';
import { may, type Session } from '../../data/session.ts';
import { hasEnded, useRemoveUpload, useUpload } from '../../data/uploads.ts';
import { Ago } from '../../design/ago.tsx';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { bytes, count, counted } from '../../design/figures.ts';
import { ProblemBox } from '../../design/problem-box.tsx';
import { ProgressBar } from '../../design/progress-bar.tsx';
import { Screen } from '../../design/screen.tsx';
import { UploadStatusBadge } from '../../parts/upload-status.tsx';
import { Receipt } from './receipt.tsx';
import styles from './upload.module.css';

export interface UploadScreenProps {
  readonly customerId: string;
  readonly uploadId: string;
  readonly session: Session;
}

/** One upload: how far it is, what became of its rows, and what can be done with it. */
export default function UploadScreen({ customerId, uploadId, session }: UploadScreenProps) {
  const { data: upload, error } = useUpload(uploadId);
  if (error) return <ProblemBox problem={problemIn(error)} />;
  if (!upload) return null;
  return (
    <Screen
      title={upload.filename ?? 'Unnamed file'}
      tabTitle={`${upload.filename ?? 'Upload'} · ${customerId}`}
      lead={<About upload={upload} />}
      actions={may(session, 'undo') && <RemoveButton upload={upload} />}
    >
      {upload.error && <ProblemBox problem={upload.error} />}
      {!hasEnded(upload) && <Loading upload={upload} />}
      {upload.receipt && <Receipt receipt={upload.receipt} />}
      <p>
        <Link href={`/c/${customerId}/uploads`}>All uploads</Link>
      </p>
    </Screen>
  );
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

function Loading({ upload }: { readonly upload: api.Upload }) {
  const { status, progress } = upload;
  const stage = { receiving: 'Being sent', received: 'Sent, waits to be loaded', ingesting: 'Being loaded' } as const;
  return (
    <div className={styles.progress}>
      <div className={styles.stage}>
        <span>{stage[status as keyof typeof stage]}</span>
        <span className={styles.soft}>
          {progress && progress.rows_read > 0 && `${counted(progress.rows_read, 'row')} read`}
        </span>
      </div>
      <ProgressBar label="Loading" fraction={progress?.fraction_done ?? null} />
    </div>
  );
}

/** Cancels an upload before it is complete, undoes it afterwards. */
function RemoveButton({ upload }: { readonly upload: api.Upload }) {
  const [asking, setAsking] = useState(false);
  const remove = useRemoveUpload();
  const undoes = upload.status === 'complete' && !upload.options.dry_run;
  if (hasEnded(upload) && !undoes) return null;
  const appended = upload.receipt?.appended ?? 0;
  return (
    <>
      <Button onClick={() => setAsking(true)}>{undoes ? 'Undo upload' : 'Cancel upload'}</Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={undoes ? 'Undo this upload?' : 'Cancel this upload?'}
        description={
          undoes
            ? `${counted(appended, 'row')} will be removed from the table, which then has ${count((upload.receipt?.table_rows_after ?? 0) - appended)} of its rows up to this upload. To get them back, upload the file again.`
            : 'None of its rows will be added to the table.'
        }
      >
        {remove.error && <ProblemBox problem={problemIn(remove.error)} />}
        <DialogActions>
          <Button onClick={() => setAsking(false)}>Keep it</Button>
          <Button
            look="danger"
            disabled={remove.isPending}
            onClick={() => remove.mutate(upload.id, { onSuccess: () => setAsking(false) })}
          >
            {undoes ? 'Undo upload' : 'Cancel upload'}
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
