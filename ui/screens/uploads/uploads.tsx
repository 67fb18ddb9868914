import { Files } from 'lucide-react';
import type { Session } from '../../../client/session.ts';
import { problemIn } from '../../data/problem-in.ts';
import { useSentUploads } from '../../data/sent-uploads.ts';
import { may } from '../../data/session.ts';
import { useUploads } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { EmptyState, Panel } from '../../design/panel.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import { Screen } from '../../design/screen.tsx';
import { UploadArea } from '../../parts/upload-area.tsx';
import { UploadList } from '../../parts/upload-list.tsx';
import { UploadTimeline } from '../../parts/upload-timeline.tsx';

/** All uploads of a customer, and where new ones are sent from. */
export default function Uploads({ customerId, session }: { readonly customerId: string; readonly session: Session }) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useUploads(customerId);
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
      {error && error instanceof Error && !isMissingCustomer(error) && <ProblemBox problem={problemIn(error)} />}
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
        (data || error) && (
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

/** A server without keys creates a customer with its first upload. */
function isMissingCustomer(error: unknown): boolean {
  return problemIn(error).code === 'customer_not_found';
}
