import { Download, Table2 } from 'lucide-react';
import { useCallback, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { Session } from '../../../client/session.ts';
import type { TableState } from '../../../src/api/tables.ts';
import { useCustomer } from '../../data/customers.ts';
import { failureOf } from '../../data/failure.ts';
import { Button } from '../../design/button.tsx';
import { counted } from '../../design/figures.ts';
import { Menu, MenuLink } from '../../design/menu.tsx';
import { EmptyState, Panel } from '../../design/panel.tsx';
import { Screen } from '../../design/screen.tsx';
import { KeepFocus } from '../../parts/keep-focus.tsx';
import { NotReadYet } from '../../parts/not-read-yet.tsx';
import { UploadLink } from '../../parts/upload-link.tsx';
import { GoToRow } from './go-to-row.tsx';
import { RowGrid } from './row-grid.tsx';
import styles from './table.module.css';

/** The rows of a customer's table. */
export default function TableScreen({
  customerId,
  session,
}: {
  readonly customerId: string;
  readonly session: Session;
}) {
  const read = useCustomer(customerId);
  const customer = read.data;
  if (customer === undefined) return <NotReadYet failure={failureOf(read)} />;
  const table = customer?.table ?? null;
  return (
    <Screen
      title="Table"
      tabTitle={`Table · ${customerId}`}
      lead={table && `${counted(table.rows, 'row')}, ${counted(table.columns.length, 'column')}`}
      actions={table && table.rows > 0 && <ExportMenu customerId={customerId} />}
    >
      {table ? (
        <Rows customerId={customerId} table={table} />
      ) : (
        <Panel title="Rows">
          <EmptyState
            icon={<Table2 aria-hidden />}
            title="No table yet"
            actions={<UploadLink customerId={customerId} session={session} />}
          >
            The first file that is uploaded creates it, with the file's columns.
          </EmptyState>
        </Panel>
      )}
    </Screen>
  );
}

function Rows({ customerId, table }: { readonly customerId: string; readonly table: TableState }) {
  const { rows } = table;
  const [search, setSearch] = useSearchParams();
  const [goal, setGoal] = useState(() => ({ row: rowIn(search.get('row'), rows) }));
  /** How many rows there were when the reader last saw the end, or dismissed the news. */
  const [seen, setSeen] = useState(rows);
  const onEndShown = useCallback(() => setSeen((before) => Math.max(before, rows)), [rows]);
  const go = (row: number): void => {
    setGoal({ row });
    setSearch({ row: String(row + 1) }, { replace: true });
  };
  return (
    <div className={styles.rows}>
      <div className={styles.tools}>
        <GoToRow rows={rows} onGo={go} />
        <KeepFocus>
          <div role="status" className={styles.news}>
            {rows > seen && (
              <>
                <span>{counted(rows - seen, 'new row')}</span>
                <Button size="small" onClick={() => go(seen)}>
                  Show
                </Button>
              </>
            )}
            {rows < seen && (
              <>
                <span>{counted(seen - rows, 'row')} removed by an undo</span>
                <Button size="small" onClick={() => setSeen(rows)}>
                  Dismiss
                </Button>
              </>
            )}
          </div>
        </KeepFocus>
      </div>
      <RowGrid customerId={customerId} table={table} goal={goal} onEndShown={onEndShown} />
    </div>
  );
}

function rowIn(text: string | null, rows: number): number {
  const row = Number(text ?? 1);
  return Number.isSafeInteger(row) ? Math.max(0, Math.min(row, rows) - 1) : 0;
}

const FORMATS = [
  ['csv', 'CSV', 'for spreadsheets'],
  ['ndjson', 'NDJSON', 'one JSON object per line'],
  ['parquet', 'Parquet', 'for pandas, DuckDB, Spark'],
  ['arrow', 'Arrow', 'IPC stream'],
] as const;

function ExportMenu({ customerId }: { readonly customerId: string }) {
  return (
    <Menu
      align="end"
      trigger={
        <Button>
          <Download aria-hidden />
          Export
        </Button>
      }
    >
      {FORMATS.map(([format, name, purpose]) => (
        <MenuLink
          key={format}
          href={`/api/v1/customers/${encodeURIComponent(customerId)}/table/export?format=${format}`}
          download
        >
          <span>
            {name} <small className={styles.soft}>{purpose}</small>
          </span>
        </MenuLink>
      ))}
    </Menu>
  );
}
