import { useSessionEnded } from '../data/session-end.ts';
import { Dialog } from '../design/dialog.tsx';
import { KeyForm } from './key-form.tsx';

/** Says that the session has ended, over whatever the user was doing, which goes on after signing in. */
export function SessionEnded() {
  const ended = useSessionEnded();
  return (
    <Dialog
      open={ended}
      onClose={null}
      title="Your session has ended"
      description="The key was revoked, or the session expired. Nothing is lost: sign in again, and everything continues where it was, including files that are being sent."
    >
      <KeyForm />
    </Dialog>
  );
}
