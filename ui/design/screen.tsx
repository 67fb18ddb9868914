import { type ReactNode, useEffect, useRef } from 'react';
import styles from './screen.module.css';

let screensShown = 0;

export interface ScreenProps {
  readonly title: string;
  /** The title of the tab, where the heading alone would not say enough. */
  readonly tabTitle?: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** What is below the navigation: a heading and the content. */
export function Screen({ title, tabTitle = title, lead, actions, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${tabTitle} · Thena`;
  }, [tabTitle]);
  useEffect(() => {
    // After a change of screens, the keyboard and the screen reader continue at the new one's heading.
    if (screensShown++ > 0) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={styles.screen}>
      <div className={styles.head}>
        <div className={styles.titles}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <div className={styles.lead}>{lead}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}
