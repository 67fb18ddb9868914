import { Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../design/button.tsx';
import styles from './shown-once.module.css';

/** A key that cannot be shown again. */
export function ShownOnce({ secret }: { readonly secret: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className={styles.row}>
      <p className={styles.note}>This is the API key. It is shown only once: save it now.</p>
      <code className={styles.secret}>{secret}</code>
      <Button
        onClick={async () => {
          await navigator.clipboard.writeText(secret);
          setCopied(true);
        }}
      >
        <Copy aria-hidden />
        <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
      </Button>
    </div>
  );
}
