import { ChartColumn } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { useSearch } from 'wouter/use-browser-location';
import type { Session } from '../../../client/session.ts';
import type { TableState } from '../../../src/api/tables.ts';
import { type AnalysisRequest, requestIn, searchFor } from '../../data/analysis-request.ts';
import { useCustomer } from '../../data/customers.ts';
import { failureOf } from '../../data/failure.ts';
import { EmptyState, Panel } from '../../design/panel.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import { Screen } from '../../design/screen.tsx';
import { NotReadYet } from '../../parts/not-read-yet.tsx';
import { UploadLink } from '../../parts/upload-link.tsx';
import styles from './analyses.module.css';
import { AnalysisTypes } from './analysis-types.tsx';
import { QueryBuilder } from './builder/query-builder.tsx';
import { Result } from './result.tsx';
import { TypeParameters } from './type-parameters.tsx';

interface AnalysesProps {
  readonly customerId: string;
  readonly session: Session;
}

/** Analyses of a customer's table. The address says which one is shown. */
export default function Analyses({ customerId, session }: AnalysesProps) {
  const read = useCustomer(customerId);
  const customer = read.data;
  if (customer === undefined) return <NotReadYet failure={failureOf(read)} />;
  const table = customer?.table ?? null;
  return (
    <Screen title="Analyses" tabTitle={`Analyses · ${customerId}`}>
      {table && table.rows > 0 ? (
        <Analysis customerId={customerId} session={session} table={table} />
      ) : (
        <NothingYet customerId={customerId} session={session} />
      )}
    </Screen>
  );
}

function Analysis({ customerId, session, table }: AnalysesProps & { readonly table: TableState }) {
  // useSearchParams decodes twice, and patterns have percent signs.
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  let request: AnalysisRequest | null = null;
  let unreadable: ReactNode = null;
  try {
    request = requestIn(search);
  } catch (error) {
    const problem = {
      title: 'Invalid address',
      detail: `Its query is not JSON: ${(error as Error).message}`,
      hint: '',
    };
    unreadable = <ProblemBox problem={{ ...problem, hint: 'Choose an analysis above, or check the link.' }} />;
  }
  const run = (next: AnalysisRequest): void => navigate(`/c/${customerId}/analyses${searchFor(next)}`);
  const key = JSON.stringify(request);
  return (
    <>
      <AnalysisTypes customerId={customerId} table={table} current={request} />
      {unreadable}
      {request === null && !unreadable && <p>Choose an analysis. Its address is all that you need to share it.</p>}
      {request && (
        <InView>
          {request.kind === 'query' && (
            <QueryBuilder
              key={key}
              query={request.query}
              columns={table.columns}
              onRun={(query) => run({ kind: 'query', query })}
            />
          )}
          {request.kind === 'type' && (
            <TypeParameters key={`parameters of ${key}`} request={request} table={table} onRun={run} />
          )}
          <Result key={`result of ${key}`} customerId={customerId} session={session} request={request} table={table} />
        </InView>
      )}
    </>
  );
}

/** Brings what was chosen into view, where the screen is too small for the choices and the result. */
function InView({ children }: { readonly children: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = element;
    if (current && current.getBoundingClientRect().top > window.innerHeight - 200) current.scrollIntoView();
  });
  return (
    <div ref={element} className={styles.chosen}>
      {children}
    </div>
  );
}

function NothingYet({ customerId, session }: AnalysesProps) {
  return (
    <Panel title="Nothing to analyze">
      <EmptyState
        icon={<ChartColumn aria-hidden />}
        title="The table has no rows yet"
        actions={<UploadLink customerId={customerId} session={session} />}
      >
        Upload a CSV file, then analyze it here.
      </EmptyState>
    </Panel>
  );
}
