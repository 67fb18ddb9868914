import { Table2 } from 'lucide-react';
import { Link } from 'wouter';
import type { Session } from '../../../client/session.ts';
import type { TableState } from '../../../src/api/tables.ts';
import { useCustomer } from '../../data/customers.ts';
import { may } from '../../data/session.ts';
import { useUploads } from '../../data/uploads.ts';
import { DataTable } from '../../design/data-table.tsx';
import { Facts } from '../../design/facts.tsx';
import { count } from '../../design/figures.ts';
import { EmptyState, Panel } from '../../design/panel.tsx';
import { Screen } from '../../design/screen.tsx';
import { NotReadYet } from '../../parts/not-read-yet.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { UploadArea } from '../../parts/upload-area.tsx';
import { UploadList } from '../../parts/upload-list.tsx';

const SHOWN_UPLOADS = 5;

/** A customer at a glance: the table, what was uploaded lately, and where to drop a file. */
export default function Overview({ customerId, session }: { readonly customerId: string; readonly session: Session }) {
  const { data: customer, error, failureReason } = useCustomer(customerId);
  const uploads = useUploads(customerId);
  const latest = (uploads.data?.pages[0]?.items ?? []).slice(0, SHOWN_UPLOADS);
  if (error) return <ReadProblem error={error} />;
  if (customer === undefined) return <NotReadYet failure={failureReason} />;
  if (customer === null && session.role !== 'open') {
    return (
      <Screen title="Customer not found" lead={`There is no customer ${customerId}.`}>
        <Link href="/">All customers</Link>
      </Screen>
    );
  }
  const table = customer?.table ?? null;
  return (
    <Screen title={customerId} tabTitle={`Overview · ${customerId}`}>
      {table && <TableFacts table={table} />}
      {may(session, 'upload') && <UploadArea customerId={customerId} />}
      {latest.length > 0 && (
        <Panel title="Latest uploads" actions={<Link href={`/c/${customerId}/uploads`}>All uploads</Link>} flush>
          <UploadList uploads={latest} label="Latest uploads" />
        </Panel>
      )}
      {table ? (
        <Panel title="Columns" flush>
          <DataTable label="Columns of the table" columns={[{ title: 'Name' }, { title: 'Type' }]}>
            {table.columns.map(({ name, type }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {type}
                  {name === table.time_column && ' (time column)'}
                </td>
              </tr>
            ))}
          </DataTable>
        </Panel>
      ) : (
        latest.length === 0 && (
          <Panel title="Table">
            <EmptyState icon={<Table2 aria-hidden />} title="No table yet">
              The first file that you upload creates it, with the file's columns.
            </EmptyState>
          </Panel>
        )
      )}
    </Screen>
  );
}

function TableFacts({ table }: { readonly table: TableState }) {
  const { rows, columns, time_column, earliest_at, latest_at } = table;
  return (
    <Facts
      facts={[
        { name: 'Rows', value: count(rows) },
        { name: 'Columns', value: columns.length },
        { name: 'Earliest time', ...timeFact(earliest_at, time_column) },
        { name: 'Latest time', ...timeFact(latest_at, time_column) },
      ]}
    />
  );
}

function timeFact(at: string | null, column: string | null) {
  if (at === null) return { value: '–', note: column ?? 'No time column' };
  const [day = at, clock] = at.split('T');
  return { value: day, note: clock ? `${clock.replace(/Z$/, '')} UTC, ${column}` : column };
}
