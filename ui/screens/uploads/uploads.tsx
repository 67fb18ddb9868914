import { Files } from 'lucide-react';
import type { Session } from '../../../client/session.ts';
import { isProblem } from '../../../client/thena-problem.ts';
import { failureOf } from '../../data/failure.ts';
import { useSentUploads } from '../../data/sent-uploads.ts';
import { may } from '../../data/session.ts';
import { useUploads } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { EmptyState, Panel } from '../../design/panel.tsx';
import { Screen } from '../../design/screen.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { UploadArea } from '../../parts/upload-area.tsx';
import { UploadList } from '../../parts/upload-list.tsx';
import { UploadTimeline } from '../../parts/upload-timeline.tsx';

/** All uploads of a customer, and where new ones are sent from. */
export default function Uploads({ customerId, session }: { readonly customerId: string; readonly session: Session }) {
  const read = useUploads(customerId);
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = read;
  // A server without keys creates a customer with its first upload.
  const isMissing = isProblem(error, 'customer_not_found');
  const failure = data === undefined || error ? failureOf(read) : null;
  const mayRead = may(session, 'read');
  const sent = useSentUploads(customerId, !mayRead);
  const uploads = mayRead ? (data?.pages ?? []).flatMap(({ items }) => items) : sent;
  return (
    <Screen
      title="Uploads"
      tabTitle={`Uploads · ${customerId}`}
      lead="Each file is added to the table as a whole, or not at all."
    >
      {may(session, 'upload') && <UploadArea customerId={customerId} />}
      {failure && !isMissing && <ReadProblem error={failure} />}
      {mayRead && uploads.some(({ status }) => status === 'complete') && (
        <Panel title="What each upload has brought">
          <UploadTimeline customerId={customerId} uploads={uploads} />
        </Panel>
      )}
      {uploads.length > 0 ? (
        <Panel title={mayRead ? 'All uploads' : 'Sent from this browser'} flush>
          <UploadList uploads={uploads} label={`Uploads of customer ${customerId}`} />
        </Panel>
      ) : (
        (data || isMissing) && (
          <Panel title="All uploads">
            <EmptyState icon={<Files aria-hidden />} title="No uploads yet">
              The first file creates the table. Later files are added to it.
            </EmptyState>
          </Panel>
        )
      )}
      {hasNextPage && (
        <div>
          <Button onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
            Show earlier uploads
          </Button>
        </div>
      )}
    </Screen>
  );
}
