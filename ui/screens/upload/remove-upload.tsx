import { useState } from 'react';
import type { Upload } from '../../../src/api/uploads.ts';
import { useCustomer } from '../../data/customers.ts';
import { problemIn } from '../../data/problem-in.ts';
import { hasEnded, useRemoveUpload } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { counted, rowTimes } from '../../design/figures.ts';
import { ProblemBox } from '../../design/problem-box.tsx';

/** Cancels an upload before it is complete, undoes it afterwards; first says what that means. */
export function RemoveUpload({ upload }: { readonly upload: Upload }) {
  const [asking, setAsking] = useState(false);
  const { data: customer } = useCustomer(upload.customer_id);
  const remove = useRemoveUpload();
  const undoes = upload.status === 'complete' && !upload.options.dry_run;
  if (hasEnded(upload) && !undoes) return null;
  const verb = undoes ? 'Undo' : 'Cancel';
  return (
    <>
      <Button onClick={() => setAsking(true)}>{verb} upload</Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`${verb} this upload?`}
        description={
          undoes ? consequence(upload, customer?.table?.rows ?? null) : 'None of its rows will be added to the table.'
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
            {verb} upload
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}

function consequence({ receipt }: Upload, rows: number | null): string {
  const appended = receipt?.appended ?? 0;
  const { earliest_at: from, latest_at: to } = receipt ?? {};
  const times = from && to ? `, with times of ${rowTimes(from, to)},` : '';
  const left = rows === null ? '' : ` ${counted(rows - appended, 'row')} will remain.`;
  return `${counted(appended, 'row')}${times} will be removed from the table at once.${left} To get them back, upload the file again.`;
}
