import type { ReactNode } from 'react';
import styles from './data-table.module.css';

export interface DataTableProps {
  /** What the table lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly { readonly title: string; readonly number?: boolean }[];
  /** On a narrow screen, cells are shown below the first one of their row, without the titles of the columns. */
  readonly stacked?: boolean;
  /** Rows as `<tr>`, with their first cell as `<th scope="row">`. */
  readonly children: ReactNode;
}

/** A plain table of things such as uploads. It scrolls sideways where the screen is narrow. */
export function DataTable({ label, columns, stacked = false, children }: DataTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
    <div className={styles.scroller} tabIndex={0} role="group" aria-label={label}>
      <table className={stacked ? `${styles.table} ${styles.stacked}` : styles.table}>
        <thead>
          <tr>
            {columns.map(({ title, number }) => (
              <th key={title} scope="col" className={number ? styles.number : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A cell with a number, aligned to the end. */
export function NumberCell({ children }: { readonly children: ReactNode }) {
  return <td className={styles.number}>{children}</td>;
}
