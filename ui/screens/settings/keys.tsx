import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { ApiKey } from '../../../src/api/keys.ts';
import { failureOf } from '../../data/failure.ts';
import { useKeys, useRevokeKey } from '../../data/keys.ts';
import { problemIn } from '../../data/problem-in.ts';
import { Ago } from '../../design/ago.tsx';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { Panel } from '../../design/panel.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { CreateKey } from './create-key.tsx';
import styles from './settings.module.css';

/** The keys of a customer: which there are, new ones, and the end of those that are no longer needed. */
export function Keys({ customerId }: { readonly customerId: string }) {
  const read = useKeys(customerId);
  const keys = read.data;
  const failure = failureOf(read);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <Panel
      title="API keys"
      flush
      actions={
        <Button onClick={() => setCreating(true)}>
          <Plus aria-hidden />
          New key
        </Button>
      }
    >
      {failure && <ReadProblem error={failure} />}
      <DataTable
        label="API keys"
        stacked
        columns={[{ title: 'Label' }, { title: 'Permissions' }, { title: 'Created' }, { title: 'Status' }]}
      >
        {(keys ?? []).map((key) => (
          <tr key={key.id}>
            <th scope="row">
              {key.label ?? 'Without a label'}
              <p className={styles.meta}>{key.id}</p>
            </th>
            <td>{key.rights.join(', ')}</td>
            <td>
              <Ago at={key.created_at} />
            </td>
            <td>
              {key.revoked_at === null ? (
                <Button size="small" aria-label={`Revoke ${key.label ?? key.id}`} onClick={() => setRevoking(key)}>
                  Revoke
                </Button>
              ) : (
                <Badge tone="still">Revoked</Badge>
              )}
            </td>
          </tr>
        ))}
      </DataTable>
      <CreateKey customerId={customerId} open={creating} onClose={() => setCreating(false)} />
      <RevokeKey customerId={customerId} apiKey={revoking} onClose={() => setRevoking(null)} />
    </Panel>
  );
}

interface RevokeKeyProps {
  readonly customerId: string;
  /** Null: none. */
  readonly apiKey: ApiKey | null;
  readonly onClose: () => void;
}

function RevokeKey({ customerId, apiKey, onClose }: RevokeKeyProps) {
  const revoke = useRevokeKey(customerId);
  return (
    <Dialog
      open={apiKey !== null}
      onClose={onClose}
      title={`Revoke ${apiKey?.label ?? apiKey?.id ?? 'the key'}?`}
      description="Requests with this key are refused from now on, and sessions that were opened with it end. This cannot be undone."
    >
      {revoke.error && <ProblemBox problem={problemIn(revoke.error)} />}
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button
          look="danger"
          disabled={revoke.isPending}
          onClick={() => apiKey && revoke.mutate(apiKey.id, { onSuccess: onClose })}
        >
          Revoke key
        </Button>
      </DialogActions>
    </Dialog>
  );
}
