import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useCreateCustomer } from '../../data/customers.ts';
import { problemIn } from '../../data/problem-in.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { CreatedKey } from '../../parts/created-key.tsx';
import { DeclareCustomer, declarationsOf, NOTHING_DECLARED } from './declare-customer.tsx';
import styles from './start.module.css';

export interface CreateCustomerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Whether the server requires keys, so that the new customer's is shown. */
  readonly withKey: boolean;
}

/** Creates a customer and goes to it. */
export function CreateCustomer({ open, onClose, withKey }: CreateCustomerProps) {
  const [id, setId] = useState('');
  const [declared, setDeclared] = useState(NOTHING_DECLARED);
  const [, navigate] = useLocation();
  const create = useCreateCustomer();
  const created = create.data;
  const close = (): void => {
    onClose();
    create.reset();
    setId('');
    setDeclared(NOTHING_DECLARED);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const customer = { customer_id: id.trim(), ...declarationsOf(declared) };
    create.mutate(customer, {
      onSuccess: ({ customer }) => {
        if (!withKey) navigate(`/c/${customer.id}`);
      },
    });
  };
  if (created && withKey) {
    return (
      <CreatedKey
        title={`Customer ${created.customer.id} was created`}
        secret={created.api_key.key}
        open={open}
        onSaved={() => {
          close();
          navigate(`/c/${created.customer.id}`);
        }}
      />
    );
  }
  const problem = create.error && problemIn(create.error);
  return (
    <Dialog open={open} onClose={close} title="New customer">
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label="Customer ID"
          value={id}
          onValueChange={setId}
          placeholder="1000"
          required
          autoFocus
          description="A number or UUID, or up to 64 letters, digits, hyphens and underscores."
          error={problem && `${problem.detail} ${problem.hint}`}
        />
        <DeclareCustomer declared={declared} onChange={setDeclared} />
        <DialogActions>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" disabled={create.isPending}>
            Create
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
