import { type FormEvent, useState } from 'react';
import { problemIn } from '../data/problem-in.ts';
import { useSignIn } from '../data/session.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import styles from './app.module.css';

/** Asks for an API key and opens a session with it. */
export function KeyForm({ framed = false }: { readonly framed?: boolean }) {
  const [key, setKey] = useState('');
  const [missing, setMissing] = useState(false);
  const signIn = useSignIn();
  const problem = signIn.error && problemIn(signIn.error);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(key.trim() === '');
    if (key.trim() !== '') signIn.mutate(key.trim());
  };
  return (
    <form className={framed ? `${styles.form} ${styles.framed}` : styles.form} onSubmit={submit}>
      <TextField
        label="API key"
        type="password"
        value={key}
        onValueChange={setKey}
        autoFocus
        description="From the person who runs this server. It is kept in this browser session only."
        error={missing ? 'Enter a key.' : problem && `${problem.detail} ${problem.hint}`}
      />
      <Button look="primary" type="submit" disabled={signIn.isPending}>
        {signIn.isPending ? 'Signing in …' : 'Sign in'}
      </Button>
    </form>
  );
}
