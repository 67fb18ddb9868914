import { Upload } from 'lucide-react';
import type { Session } from '../../client/session.ts';
import { may } from '../data/session.ts';
import { ButtonLink } from '../design/button.tsx';

export interface UploadLinkProps {
  readonly customerId: string;
  readonly session: Session;
}

/** Leads to where files are uploaded, if the key may do that. */
export function UploadLink({ customerId, session }: UploadLinkProps) {
  if (!may(session, 'upload')) return null;
  return (
    <ButtonLink to={`/c/${customerId}/uploads`} look="primary">
      <Upload aria-hidden />
      Upload a file
    </ButtonLink>
  );
}
