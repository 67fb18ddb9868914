import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Upload } from '../../../src/api/uploads.ts';
import { problemIn } from '../../data/problem-in.ts';
import { type Draft, keepDrafts, useDrafts } from '../../data/rejected/drafts.ts';
import type { RejectedRows } from '../../data/rejected/rejected-rows.ts';
import { type Faults, firstDrafts, useSendCorrections } from '../../data/rejected/send-corrections.ts';
import { useUploadsById } from '../../data/uploads.ts';
import { Button } from '../../design/button.tsx';
import { Facts } from '../../design/facts.tsx';
import { count, counted } from '../../design/figures.ts';
import { ProblemBox } from '../../design/problem-box.tsx';
import { VirtualList } from '../../design/virtual-list.tsx';
import { UploadStatusBadge } from '../../parts/upload-status.tsx';
import styles from './rejected.module.css';
import { RejectedRow } from './rejected-row.tsx';

const ROW_HEIGHT = 116;
const CELL_WIDTH = 130;

export interface CorrectionsProps {
  readonly upload: Upload;
  readonly rejected: RejectedRows;
  readonly editable: boolean;
}

/** The rejected rows, what was corrected, and what became of the corrections. Every row is in one of the figures. */
export function Corrections({ upload, rejected, editable }: CorrectionsProps) {
  const drafts = useDrafts(upload.id);
  const [faults, setFaults] = useState<Faults>(new Map());
  const send = useSendCorrections(upload);
  const all = [...drafts.values()].sort((a, b) => a.line - b.line);
  const changed = all.filter(({ sentWith }) => sentWith === null);
  const sentWith = new Set(all.flatMap((draft) => draft.sentWith ?? []));
  if (upload.corrected_by !== null) sentWith.add(upload.corrected_by);
  const corrections = useUploadsById([...sentWith]);
  useReopened(upload.id, all, corrections);
  const total = upload.receipt?.rejected ?? rejected.rows.length;
  const added = corrections.reduce(
    (sum, { status, receipt }) => sum + (status === 'complete' ? (receipt?.appended ?? 0) : 0),
    0,
  );

  const submit = (): void => {
    const sent = firstDrafts(changed);
    send.mutate({ rejected, drafts: sent }, { onSuccess: setFaults });
  };
  const change = (line: number, record: string | null): void => {
    const draft: Draft | null = record === null ? null : { line, record, sentWith: null };
    keepDrafts(upload.id, new Map([[line, draft]]));
    if (faults.has(line)) setFaults(new Map([...faults].filter(([each]) => each !== line)));
  };
  return (
    <>
      <Facts
        facts={[
          { name: 'Rejected', value: count(total), note: `= ${count(added)} added + ${count(total - added)} left` },
          { name: 'Corrected and added', value: count(added) },
          { name: 'Changed, not sent', value: count(changed.length) },
          { name: 'Left', value: count(total - added) },
        ]}
      />
      {corrections.length > 0 && (
        <ul className={styles.sent} aria-label="Corrections that were sent">
          {corrections.map((correction) => (
            <li key={correction.id}>
              <Link href={`/c/${correction.customer_id}/uploads/${correction.id}`}>{correction.filename}</Link>{' '}
              <UploadStatusBadge upload={correction} />{' '}
              {correction.receipt && `${counted(correction.receipt.appended, 'row')} added`}
            </li>
          ))}
        </ul>
      )}
      {editable && (
        <div className={styles.bar}>
          <span role="status">
            {faults.size > 0
              ? `${counted(faults.size, 'changed row')} still ${faults.size === 1 ? 'does' : 'do'} not fit, so nothing was sent.`
              : changed.length === 0 && 'Change a value to correct its row.'}
          </span>
          <Button look="primary" disabled={changed.length === 0 || send.isPending} onClick={submit}>
            {send.isPending ? 'Sending …' : `Send ${counted(changed.length, 'changed row')}`}
          </Button>
        </div>
      )}
      {send.error && <ProblemBox problem={problemIn(send.error)} />}
      <VirtualList
        label="Rejected rows"
        count={rejected.rows.length}
        rowHeight={ROW_HEIGHT}
        minWidth={80 + rejected.columns.length * CELL_WIDTH + 120}
        onEnd={rejected.readMore}
        header={
          <div className={styles.cells}>
            <span className={styles.line}>Line</span>
            {rejected.columns.map((name) => (
              <span key={name} className={styles.name}>
                {name}
              </span>
            ))}
            <span className={styles.state} />
          </div>
        }
        row={(index) => {
          const row = rejected.rows[index];
          return (
            row && (
              <RejectedRow
                row={row}
                columns={rejected.columns}
                dialect={rejected.dialect}
                draft={drafts.get(row.line) ?? null}
                fault={faults.get(row.line) ?? null}
                editable={editable}
                onChange={(record) => change(row.line, record)}
              />
            )
          );
        }}
      />
      {total > rejected.rows.length && !rejected.hasMore && (
        <p>The server has kept the first {counted(rejected.rows.length, 'rejected row')}.</p>
      )}
    </>
  );
}

/** Corrections whose upload came to nothing can be changed and sent again. */
function useReopened(uploadId: string, drafts: readonly Draft[], corrections: readonly Upload[]): void {
  const dead = corrections
    .filter(({ status }) => ['failed', 'cancelled', 'undone'].includes(status))
    .map(({ id }) => id);
  const reopened = drafts.filter(({ sentWith }) => sentWith !== null && dead.includes(sentWith));
  useEffect(() => {
    if (reopened.length === 0) return;
    keepDrafts(uploadId, new Map(reopened.map((draft) => [draft.line, { ...draft, sentWith: null }])));
  });
}
