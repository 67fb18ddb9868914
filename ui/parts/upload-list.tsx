import { Link } from 'wouter';
import type { Upload } from '../../src/api/uploads.ts';
import { hasEnded } from '../data/uploads.ts';
import { Ago } from '../design/ago.tsx';
import { DataTable, NumberCell } from '../design/data-table.tsx';
import { bytes, count, counted } from '../design/figures.ts';
import { LoadProgress } from './load-progress.tsx';
import styles from './upload-list.module.css';
import { UploadStatusBadge } from './upload-status.tsx';

const COLUMNS = [{ title: 'File' }, { title: 'Status' }, { title: 'Rows added', number: true }];

/** Uploads in a table, newest first. */
export function UploadList({ uploads, label }: { readonly uploads: readonly Upload[]; readonly label: string }) {
  return (
    <DataTable label={label} columns={COLUMNS} stacked>
      {uploads.map((upload) => (
        <tr key={upload.id}>
          <th scope="row">
            <Link href={`/c/${upload.customer_id}/uploads/${upload.id}`} className={styles.name}>
              {upload.filename ?? 'Unnamed file'}
            </Link>
            <p className={styles.meta}>
              {upload.bytes !== null && `${bytes(upload.bytes)} · `}
              <Ago at={upload.created_at} />
              {upload.receipt &&
                upload.receipt.warnings.length > 0 &&
                ` · ${counted(upload.receipt.warnings.length, 'warning')}`}
            </p>
            {upload.error && <p className={styles.reason}>{upload.error.title}</p>}
          </th>
          <td className={styles.nowrap}>
            <UploadStatusBadge upload={upload} />
            {!hasEnded(upload) && <LoadProgress upload={upload} />}
          </td>
          <NumberCell>
            {rowsOf(upload)}
            {upload.receipt && <span className={styles.unit}> rows</span>}
            {upload.receipt && upload.receipt.rejected > 0 && (
              <p className={styles.reason}>{count(upload.receipt.rejected)} rejected</p>
            )}
          </NumberCell>
        </tr>
      ))}
    </DataTable>
  );
}

function rowsOf({ receipt, progress, status }: Upload): string {
  if (receipt) return status === 'undone' ? '0' : count(receipt.appended);
  return progress && progress.rows_read > 0 ? `${count(progress.rows_read)} read` : '–';
}
