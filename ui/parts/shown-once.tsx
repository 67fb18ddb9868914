import { Copy } from 'lucide-react';
import { useRef, useState } from 'react';
import { copyText } from '../data/copy-text.ts';
import { Button } from '../design/button.tsx';
import styles from './shown-once.module.css';

/** A key that cannot be shown again. */
export function ShownOnce({ secret }: { readonly secret: string }) {
  const [outcome, setOutcome] = useState<'Copy' | 'Copied' | 'Selected: copy it'>('Copy');
  const shown = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    const copied = await copyText(secret);
    if (!copied && shown.current) getSelection()?.selectAllChildren(shown.current);
    setOutcome(copied ? 'Copied' : 'Selected: copy it');
  };
  return (
    <div className={styles.row}>
      <p className={styles.note}>This is the API key. It is shown only once: save it now.</p>
      <code ref={shown} className={styles.secret}>
        {secret}
      </code>
      <Button onClick={copy}>
        <Copy aria-hidden />
        <span aria-live="polite">{outcome}</span>
      </Button>
    </div>
  );
}
