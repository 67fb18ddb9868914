import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { ShownOnce } from './shown-once.tsx';

export interface CreatedKeyProps {
  readonly title: string;
  readonly secret: string;
  readonly open: boolean;
  /** The user has saved the key: nothing else closes the dialog. */
  readonly onSaved: () => void;
}

/** Shows a key that was created, once. */
export function CreatedKey({ title, secret, open, onSaved }: CreatedKeyProps) {
  return (
    <Dialog open={open} onClose={null} title={title}>
      <ShownOnce secret={secret} />
      <DialogActions>
        <Button look="primary" onClick={onSaved}>
          I have saved the key
        </Button>
      </DialogActions>
    </Dialog>
  );
}
