import type { ReactNode } from 'react';
import styles from './badge.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'still';

/** A state in a word or two. The colour repeats what the text says. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`${styles.badge} ${tone === 'still' ? '' : styles[tone]}`}>{children}</span>;
}
