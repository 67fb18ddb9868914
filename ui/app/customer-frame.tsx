import type { ReactNode } from 'react';
import { useLive } from '../data/live/use-live.ts';
import styles from './shell.module.css';

/** Around all screens of a customer: keeps them live. */
export function CustomerFrame({ customerId, children }: { readonly customerId: string; readonly children: ReactNode }) {
  const interrupted = useLive(customerId);
  return (
    <>
      {interrupted && (
        <p className={styles.notice} role="status">
          The connection for live updates is interrupted. What you see may be outdated. It is read again every few
          seconds.
        </p>
      )}
      {children}
    </>
  );
}
