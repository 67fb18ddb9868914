import { type FormEvent, useState } from 'react';
import type { KeyRight } from '../../../src/api/keys.ts';
import { useCreateKey } from '../../data/keys.ts';
import { problemIn } from '../../data/problem-in.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { CreatedKey } from '../../parts/created-key.tsx';
import styles from './settings.module.css';

const RIGHTS: readonly (readonly [KeyRight, string])[] = [
  ['read', 'Read the table, its uploads and analyses'],
  ['upload', 'Upload files'],
  ['undo', 'Cancel and undo uploads'],
];

export interface CreateKeyProps {
  readonly customerId: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Creates a key and shows it, once. */
export function CreateKey({ customerId, open, onClose }: CreateKeyProps) {
  const [label, setLabel] = useState('');
  const [rights, setRights] = useState<readonly KeyRight[]>(['read', 'upload', 'undo']);
  const create = useCreateKey(customerId);
  const close = (): void => {
    onClose();
    create.reset();
    setLabel('');
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ label: label.trim() || null, rights: [...rights] });
  };
  if (create.data) {
    return <CreatedKey title="The key was created" secret={create.data.key} open={open} onSaved={close} />;
  }
  const problem = create.error && problemIn(create.error);
  return (
    <Dialog open={open} onClose={close} title="New API key">
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label="Label"
          value={label}
          onValueChange={setLabel}
          placeholder="Nightly export"
          autoFocus
          description="What the key is for."
          error={problem && `${problem.detail} ${problem.hint}`}
        />
        <fieldset className={styles.rights}>
          <legend>Permissions</legend>
          {RIGHTS.map(([right, meaning]) => (
            <label key={right}>
              <input
                type="checkbox"
                checked={rights.includes(right)}
                onChange={({ target }) =>
                  setRights(target.checked ? [...rights, right] : rights.filter((each) => each !== right))
                }
              />
              {meaning}
            </label>
          ))}
        </fieldset>
        <DialogActions>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" disabled={create.isPending || rights.length === 0}>
            Create key
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
