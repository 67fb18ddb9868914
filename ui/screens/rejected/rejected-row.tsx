import { CornerUpLeft } from 'lucide-react';
import { useId, useState } from 'react';
import type { RejectedRecord } from '../../../src/api/rejected-rows.ts';
import { fieldText, type RecordDialect, splitRecord, withField } from '../../data/rejected/csv-record.ts';
import type { Draft } from '../../data/rejected/drafts.ts';
import type { Fault } from '../../data/rejected/send-corrections.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import styles from './rejected.module.css';

export interface RejectedRowProps {
  readonly row: RejectedRecord;
  readonly columns: readonly string[];
  readonly dialect: RecordDialect;
  readonly draft: Draft | null;
  /** Why the corrected row still does not fit. */
  readonly fault: Fault | null;
  readonly editable: boolean;
  /** Null: as it was. */
  readonly onChange: (record: string | null) => void;
}

/** A rejected row between its neighbours, each field to be corrected where it stands. */
export function RejectedRow({ row, columns, dialect, draft, fault, editable, onChange }: RejectedRowProps) {
  const reason = useId();
  const record = draft?.record ?? row.record;
  const fixed = editable && draft?.sentWith === null;
  const open = editable && !draft?.sentWith;
  const shown = fault ?? (draft ? null : row);
  const change = (edited: string): void => onChange(edited === row.record ? null : edited);
  const fields = record === null || row.code === 'malformed_record' ? [] : splitRecord(record, dialect);
  const line = `line ${row.line}`;
  return (
    <div className={styles.row}>
      <p className={styles.near}>{row.before ?? (row.line <= 2 ? '(start of the file)' : '')}</p>
      <div className={styles.cells}>
        <span className={styles.line}>{row.line}</span>
        {record === null ? (
          <span className={styles.whole}>{row.text} (too long to be edited here: download the rejected rows)</span>
        ) : fields.length === columns.length ? (
          fields.map((field, index) => (
            <CellField
              // biome-ignore lint/suspicious/noArrayIndexKey: fields have no identity but their place.
              key={index}
              className={styles.cell}
              aria-label={`${columns[index]}, ${line}`}
              {...(shown?.column === columns[index] && { 'aria-invalid': true, 'aria-describedby': reason })}
              value={fieldText(field, dialect)}
              readOnly={!open}
              onText={(text) => change(withField(record, index, text, dialect))}
            />
          ))
        ) : (
          <CellField
            className={`${styles.cell} ${styles.whole}`}
            aria-label={`Whole row, ${line}`}
            {...(shown && { 'aria-invalid': true, 'aria-describedby': reason })}
            value={record}
            readOnly={!open}
            onText={change}
          />
        )}
        <span className={styles.state}>
          {draft?.sentWith && <Badge tone="good">Sent</Badge>}
          {fixed && (
            <>
              <Badge tone={fault ? 'bad' : 'info'}>{fault ? 'Does not fit' : 'Changed'}</Badge>
              <Button
                look="quiet"
                size="small"
                icon
                aria-label={`Restore ${line}`}
                title="Restore"
                onClick={() => onChange(null)}
              >
                <CornerUpLeft aria-hidden />
              </Button>
            </>
          )}
        </span>
      </div>
      <p id={reason} className={styles.reason}>
        {shown && (
          <>
            {shown.column !== null && <strong>{shown.column}</strong>} {shown.message}
          </>
        )}
      </p>
      <p className={styles.near}>{row.after ?? '(end of the file)'}</p>
    </div>
  );
}

interface CellFieldProps {
  readonly className: string | undefined;
  readonly 'aria-label': string;
  readonly 'aria-invalid'?: boolean;
  readonly 'aria-describedby'?: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly onText: (text: string) => void;
}

/** A text field that keeps line breaks, which a usual one would remove. */
function CellField({ onText, ...rest }: CellFieldProps) {
  const [hasLines] = useState(rest.value.includes('\n'));
  if (hasLines) return <textarea rows={1} {...rest} onChange={({ target }) => onText(target.value)} />;
  return <input {...rest} onChange={({ target }) => onText(target.value)} />;
}
