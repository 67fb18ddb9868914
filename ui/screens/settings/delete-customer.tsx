import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import type { Customer } from '../../../src/api/customers.ts';
import { useDeleteCustomer } from '../../data/customers.ts';
import { problemIn } from '../../data/problem-in.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { counted } from '../../design/figures.ts';
import styles from './settings.module.css';

/** Deletes a customer once its ID is typed. */
export function DeleteCustomer({ customer: { id, table } }: { readonly customer: Customer }) {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState('');
  const [, navigate] = useLocation();
  const remove = useDeleteCustomer();
  const problem = remove.error && problemIn(remove.error);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (typed.trim() === id) remove.mutate(id, { onSuccess: () => navigate('/') });
  };
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        Delete customer
      </Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Delete customer ${id}?`}
        description={`${table ? `${counted(table.rows, 'row')} will be deleted` : 'It has no table'}. This cannot be undone.`}
      >
        <form className={styles.form} onSubmit={submit}>
          <TextField
            label={`Type ${id} to confirm`}
            value={typed}
            onValueChange={setTyped}
            autoFocus
            error={problem && `${problem.detail} ${problem.hint}`}
          />
          <DialogActions>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button look="danger" type="submit" disabled={typed.trim() !== id || remove.isPending}>
              Delete customer
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
