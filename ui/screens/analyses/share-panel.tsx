import { type AnalysisRequest, curlFor, linkTo, searchFor } from '../../data/analysis-request.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import styles from './analyses.module.css';

export interface SharePanelProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly customerId: string;
  readonly request: AnalysisRequest;
  /** Whether the server asks for a key. */
  readonly withKey: boolean;
}

/** The addresses of an analysis: for people, for other programs, and as a command. */
export function SharePanel({ open, onClose, customerId, request, withKey }: SharePanelProps) {
  const { origin } = location;
  const items = [
    ['This page', `${origin}/c/${encodeURIComponent(customerId)}/analyses${searchFor(request)}`],
    ['JSON', origin + linkTo(customerId, request, 'json')],
    ['CSV', origin + linkTo(customerId, request, 'csv')],
    ['Parquet', origin + linkTo(customerId, request, 'parquet')],
    ['Arrow', origin + linkTo(customerId, request, 'arrow')],
    ['curl', curlFor(origin, customerId, request, withKey)],
  ] as const;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Share this analysis"
      description={
        withKey
          ? 'Everyone who opens a link needs a key: none is part of it. Programs send it as a bearer token or as the password of Basic authentication.'
          : 'Everyone who can reach this server can open these links.'
      }
    >
      <dl className={styles.links}>
        {items.map(([name, text]) => (
          <div key={name} className={styles.link}>
            <dt>{name}</dt>
            <dd>
              <code title={text}>{text}</code>
              <CopyButton text={text} label={`Copy: ${name}`} />
            </dd>
          </div>
        ))}
      </dl>
      <DialogActions>
        <Button size="small" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}
