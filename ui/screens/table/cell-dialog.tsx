import type { Column } from '../../../src/api/columns.ts';
import type { JsonValue } from '../../../src/api/values.ts';
import { failureOf } from '../../data/failure.ts';
import { useWholeRow } from '../../data/rows.ts';
import { Button } from '../../design/button.tsx';
import { Dialog, DialogActions } from '../../design/dialog.tsx';
import { count, counted, moment } from '../../design/figures.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { exactText, valueText } from '../../parts/format-value.ts';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { Value } from '../../parts/value.tsx';
import styles from './table.module.css';

/** More of a text makes a browser slow. The rest can be copied. */
const MOST_CHARACTERS = 100_000;

export interface CellDialogProps {
  readonly customerId: string;
  readonly row: number;
  readonly index: number;
  readonly column: Column;
  readonly onClose: () => void;
}

/** A value with all that is known of it. */
export function CellDialog({ customerId, row, index, column, onClose }: CellDialogProps) {
  const read = useWholeRow(customerId, row, true);
  const values = read.data;
  const failure = failureOf(read);
  const value = values?.[index] ?? null;
  return (
    <Dialog open onClose={onClose} title={column.name} description={`Row ${count(row + 1)} · ${column.type}`}>
      {failure && <ReadProblem error={failure} />}
      {values === null && <p>The table no longer has this row.</p>}
      {values && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms. */}
          <div className={styles.whole} tabIndex={0} role="group" aria-label="Value">
            {value === null || value === '' ? (
              <Value value={value} type={column.type} />
            ) : (
              exactText(value).slice(0, MOST_CHARACTERS)
            )}
          </div>
          <p className={styles.soft}>{remarkOn(value, column)}</p>
        </>
      )}
      <DialogActions>
        {values && value !== null && <CopyButton text={exactText(value)} label="Copy the value" />}
        <Button size="small" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function remarkOn(value: JsonValue, { type }: Column): string {
  if (value === null) return 'The field has no value.';
  if (type === 'timestamp') {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return zone === 'UTC' ? valueText(value, type) : `${moment(String(value))} in your time zone, ${zone}`;
  }
  if (type !== 'text') return valueText(value, type);
  const { length } = String(value);
  const cut = length > MOST_CHARACTERS ? `, of which the first ${count(MOST_CHARACTERS)} are shown` : '';
  return `${counted(length, 'character')}${cut}`;
}
