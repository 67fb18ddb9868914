import { Ban, Check, LoaderCircle, TriangleAlert, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Upload, UploadStatus } from '../../src/api/uploads.ts';
import { Badge, type Tone } from '../design/badge.tsx';

const LOOKS: Readonly<Record<UploadStatus, readonly [Tone, string, ReactNode]>> = {
  receiving: ['info', 'Sending', <LoaderCircle key="icon" aria-hidden />],
  received: ['info', 'Waiting to load', <LoaderCircle key="icon" aria-hidden />],
  ingesting: ['info', 'Loading', <LoaderCircle key="icon" aria-hidden />],
  complete: ['good', 'Complete', <Check key="icon" aria-hidden />],
  failed: ['bad', 'Failed', <TriangleAlert key="icon" aria-hidden />],
  cancelled: ['still', 'Cancelled', <Ban key="icon" aria-hidden />],
  undone: ['still', 'Undone', <Undo2 key="icon" aria-hidden />],
};

/** The status of an upload. One that is complete without some of its rows says so. */
export function UploadStatusBadge({ upload }: { readonly upload: Upload }) {
  const [tone, label, icon] = LOOKS[upload.status];
  if (upload.status === 'complete' && upload.options.dry_run) return <Badge tone="info">Dry run</Badge>;
  if (upload.status === 'complete' && upload.receipt?.rejected)
    return <Badge tone="warn">{icon}With rejected rows</Badge>;
  return (
    <Badge tone={tone}>
      {icon}
      {label}
    </Badge>
  );
}
