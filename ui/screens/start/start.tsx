import { Plus, Users } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Session } from '../../../client/session.ts';
import type { Customer } from '../../../src/api/customers.ts';
import { useCustomers } from '../../data/customers.ts';
import { failureOf } from '../../data/failure.ts';
import { Ago } from '../../design/ago.tsx';
import { Button } from '../../design/button.tsx';
import { counted } from '../../design/figures.ts';
import { EmptyState } from '../../design/panel.tsx';
import { Screen } from '../../design/screen.tsx';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { CreateCustomer } from './create-customer.tsx';
import { SampleButton } from './sample-button.tsx';
import styles from './start.module.css';

/** The customers of the server, for those who may see all of them. */
export default function Start({ session }: { readonly session: Session }) {
  const [creating, setCreating] = useState(false);
  const read = useCustomers();
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = read;
  const failure = failureOf(read);
  const customers = (data?.pages ?? []).flatMap(({ items }) => items);
  const create = (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New customer
    </Button>
  );
  return (
    <Screen title="Customers" lead="Each customer has one table." actions={customers.length > 0 && create}>
      {failure && <ReadProblem error={failure} />}
      {data && customers.length === 0 && (
        <EmptyState
          icon={<Users aria-hidden />}
          title="No customers yet"
          actions={
            <div className={styles.first}>
              {create}
              <SampleButton />
            </div>
          }
        >
          A customer owns a table. Create one, then drop a CSV file: its columns become those of the table.
        </EmptyState>
      )}
      <ul className={styles.grid}>
        {customers.map((customer) => (
          <li key={customer.id}>
            <CustomerCard customer={customer} />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <div>
          <Button onClick={() => fetchNextPage()} disabled={isFetchingNextPage}>
            Show more customers
          </Button>
        </div>
      )}
      <CreateCustomer open={creating} onClose={() => setCreating(false)} withKey={session.role === 'admin'} />
    </Screen>
  );
}

function CustomerCard({ customer: { id, table, created_at } }: { readonly customer: Customer }) {
  return (
    <Link href={`/c/${id}`} className={styles.card}>
      <span className={styles.name}>{id}</span>
      <span>{table ? counted(table.rows, 'row') : 'No table yet'}</span>
      <span className={styles.meta}>
        Created <Ago at={created_at} />
      </span>
    </Link>
  );
}
