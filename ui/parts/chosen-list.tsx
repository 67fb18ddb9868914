import { useEffect, useRef, useSyncExternalStore } from 'react';
import { isReady } from '../data/choosing/chosen-file.ts';
import { chosenFiles } from '../data/choosing/chosen-files.ts';
import { useCustomer } from '../data/customers.ts';
import { Button } from '../design/button.tsx';
import { counted } from '../design/figures.ts';
import styles from './chosen.module.css';
import { ChosenCard } from './chosen-card.tsx';

/** The files that were chosen and not uploaded yet, each with what the server makes of its start. */
export function ChosenList({ customerId }: { readonly customerId: string }) {
  const files = useSyncExternalStore(chosenFiles.subscribe, chosenFiles.snapshot);
  const shown = files.filter((file) => file.customerId === customerId);
  usePreviewsOfTable(customerId);
  if (shown.length === 0) return null;
  const ready = shown.filter(isReady).length;
  const reading = shown.filter((file) => file.reading).length;
  return (
    <section aria-label="Chosen files" className={styles.section}>
      {shown.length > 1 && (
        <div className={styles.bar}>
          <span role="status">
            {counted(shown.length, 'file')} chosen. {reading > 0 ? `Reading ${reading} …` : `${ready} can be uploaded.`}
          </span>
          <Button onClick={() => shown.forEach(({ key }) => void chosenFiles.remove(key))}>Remove all</Button>
          <Button look="primary" disabled={ready === 0} onClick={() => chosenFiles.uploadAll(customerId)}>
            Upload {ready < shown.length ? `${ready} ready` : `all ${ready}`} files
          </Button>
        </div>
      )}
      <ul className={styles.list}>
        {shown.map((file) => (
          <li key={file.key}>
            <ChosenCard chosen={file} alone={shown.length === 1} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A preview compares a file with the table: if that is created, widened or gone, it is made again. */
function usePreviewsOfTable(customerId: string): void {
  const { data: customer } = useCustomer(customerId);
  const columns = customer === undefined ? null : JSON.stringify(customer?.table?.columns ?? []);
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (columns === null) return;
    if (seen.current !== null && seen.current !== columns) chosenFiles.readAllAgain(customerId);
    seen.current = columns;
  }, [customerId, columns]);
}
