import type { Session } from '../../../client/session.ts';
import type { Customer } from '../../../src/api/customers.ts';
import { useCustomer } from '../../data/customers.ts';
import { DataTable } from '../../design/data-table.tsx';
import { Panel } from '../../design/panel.tsx';
import { Screen } from '../../design/screen.tsx';
import { NotReadYet } from '../../parts/not-read-yet.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { DeleteCustomer } from './delete-customer.tsx';
import { Keys } from './keys.tsx';
import styles from './settings.module.css';

/** What the administrator decides about a customer. */
export default function Settings({ customerId, session }: { readonly customerId: string; readonly session: Session }) {
  const { data: customer, error, failureReason } = useCustomer(customerId);
  if (error) return <ReadProblem error={error} />;
  if (customer === undefined) return <NotReadYet failure={failureReason} />;
  if (customer === null)
    return (
      <Screen title="Customer not found" lead={`There is no customer ${customerId}.`}>
        {null}
      </Screen>
    );
  return (
    <Screen
      title="Settings"
      tabTitle={`Settings · ${customerId}`}
      lead={`Keys and declarations of customer ${customerId}.`}
    >
      {session.role === 'admin' ? (
        <Keys customerId={customerId} />
      ) : (
        <Panel title="API keys">
          <p>This server requires no keys: everybody who can reach it may use it.</p>
        </Panel>
      )}
      <Declared customer={customer} />
      <Panel title="Delete this customer">
        <div className={styles.danger}>
          <p>Deletes its table, its uploads and its keys. This cannot be undone.</p>
          <DeleteCustomer customer={customer} />
        </div>
      </Panel>
    </Screen>
  );
}

function Declared({ customer: { declared } }: { readonly customer: Customer }) {
  const { time_column, columns, defaults } = declared;
  const set = Object.entries(defaults).filter(([, value]) => value !== null);
  if (time_column === null && columns === null && set.length === 0) return null;
  return (
    <Panel title="Declared when it was created" flush>
      <DataTable label="Declarations" columns={[{ title: 'What' }, { title: 'Value' }]}>
        {time_column !== null && (
          <tr>
            <th scope="row">Time column</th>
            <td>{time_column}</td>
          </tr>
        )}
        {(columns ?? []).map(({ name, type, format, time_zone }) => (
          <tr key={name}>
            <th scope="row">Column {name}</th>
            <td>{[type, format, time_zone].filter(Boolean).join(', ')}</td>
          </tr>
        ))}
        {set.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              Default of <code>{name}</code>
            </th>
            <td>{String(value)}</td>
          </tr>
        ))}
      </DataTable>
    </Panel>
  );
}
