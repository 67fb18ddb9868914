import { Download } from 'lucide-react';
import { Link } from 'wouter';
import type { Session } from '../../../client/session.ts';
import type { Upload } from '../../../src/api/uploads.ts';
import { useRejectedRows } from '../../data/rejected/rejected-rows.ts';
import { may } from '../../data/session.ts';
import { hasEnded, useUpload } from '../../data/uploads.ts';
import { buttonClass } from '../../design/button.tsx';
import { Screen } from '../../design/screen.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { Corrections } from './corrections.tsx';
import { LoadTheRest } from './load-the-rest.tsx';
import styles from './rejected.module.css';

export interface RejectedScreenProps {
  readonly customerId: string;
  readonly uploadId: string;
  readonly session: Session;
}

/** The rejected rows of an upload, to be corrected in their place. */
export default function RejectedScreen({ customerId, uploadId, session }: RejectedScreenProps) {
  const read = useUpload(uploadId);
  const upload = read.data;
  const isReady = upload !== undefined && hasEnded(upload);
  const rejected = useRejectedRows(uploadId, isReady);
  const failure = read.error ?? (upload ? rejected.error : read.failureReason);
  const name = upload?.filename ?? 'Upload';
  return (
    <Screen
      title="Rejected rows"
      tabTitle={`Rejected rows of ${name}`}
      lead={<Lead customerId={customerId} uploadId={uploadId} name={name} />}
      actions={
        <a className={buttonClass()} href={`/api/v1/uploads/${uploadId}/rejects.csv`} download>
          <Download aria-hidden />
          Download as CSV
        </a>
      }
    >
      {failure && <ReadProblem error={failure} />}
      {upload && !isReady && (
        <p role="status">The upload is still being loaded. Its rejected rows appear here when it ends.</p>
      )}
      {upload && rejected.data && (
        <>
          <State upload={upload} />
          <Corrections
            key={uploadId}
            upload={upload}
            rejected={rejected.data}
            editable={upload.status === 'complete' && may(session, 'upload')}
          />
        </>
      )}
    </Screen>
  );
}

function Lead({
  customerId,
  uploadId,
  name,
}: {
  readonly customerId: string;
  readonly uploadId: string;
  readonly name: string;
}) {
  return (
    <>
      of <Link href={`/c/${customerId}/uploads/${uploadId}`}>{name}</Link>. Change the values that do not fit, and send
      the changed rows; all others stay as they are.
    </>
  );
}

function State({ upload }: { readonly upload: Upload }) {
  if (upload.status === 'failed') return <LoadTheRest upload={upload} />;
  if (upload.status === 'complete') return null;
  return <p className={styles.note}>This upload was undone, so its rows cannot be corrected.</p>;
}
