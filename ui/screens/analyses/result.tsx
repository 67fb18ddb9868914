import { ChartColumn, Download, RefreshCw, Share2 } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { Session } from '../../../client/session.ts';
import { isProblem } from '../../../client/thena-problem.ts';
import type { TableState } from '../../../src/api/tables.ts';
import { useAnalysis } from '../../data/analyses.ts';
import { type AnalysisRequest, linkTo } from '../../data/analysis-request.ts';
import { problemIn } from '../../data/problem-in.ts';
import { Button, buttonClass } from '../../design/button.tsx';
import { count, counted } from '../../design/figures.ts';
import { Panel } from '../../design/panel.tsx';
import { ProblemBox } from '../../design/problem-box.tsx';
import { toast } from '../../design/toasts.tsx';
import { KeepFocus } from '../../parts/keep-focus.tsx';
import styles from './analyses.module.css';
import { TITLES } from './analysis-types.tsx';
import { savePng } from './charts/save-png.ts';
import { ResultBody } from './result-body.tsx';
import { Running } from './running.tsx';
import { SharePanel } from './share-panel.tsx';
import { tabular } from './tabular.ts';

export interface ResultProps {
  readonly customerId: string;
  readonly session: Session;
  readonly request: AnalysisRequest;
  readonly table: TableState;
}

/** The result of an analysis: while it is computed, when it is there, and if there is none. */
export function Result({ customerId, session, request, table }: ResultProps) {
  const { data: analysis, error, isFetching, refetch } = useAnalysis(customerId, request);
  const [sharing, setSharing] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const title = request.kind === 'query' ? 'Result' : (TITLES[request.type] ?? request.type);
  const name = `thena-${customerId}-${request.kind === 'query' ? 'query' : request.type}`;
  const shown = useMemo(
    () => (analysis ? tabular(analysis, request, table.columns) : null),
    [analysis, request, table.columns],
  );
  const hasResult = analysis !== undefined && !isFetching && !error;
  const save = (): void => {
    const { current } = body;
    if (current) savePng(current, `${name}.png`).catch((failure: Error) => toast('bad', 'No picture', failure.message));
  };
  return (
    <>
      <Panel
        title={title}
        actions={
          <div className={styles.actions}>
            {hasResult && (
              <>
                {shown && shown.charts.length > 0 && (
                  <Button size="small" onClick={save}>
                    <ChartColumn aria-hidden />
                    PNG
                  </Button>
                )}
                <a
                  className={buttonClass({ size: 'small' })}
                  href={linkTo(customerId, request, 'csv')}
                  download={`${name}.csv`}
                >
                  <Download aria-hidden />
                  CSV
                </a>
              </>
            )}
            <Button size="small" onClick={() => setSharing(true)}>
              <Share2 aria-hidden />
              Share
            </Button>
          </div>
        }
      >
        <KeepFocus className={styles.kept}>
          {isFetching && <Running customerId={customerId} request={request} />}
          {!isFetching && error && <Failure error={error} onRetry={() => void refetch()} />}
          {hasResult && (
            <div ref={body} className={styles.result}>
              <ResultBody analysis={analysis} request={request} table={table} shown={shown} />
              <Version shown={analysis.table} current={table} onRefresh={() => void refetch()} />
            </div>
          )}
        </KeepFocus>
        <p className={styles.hidden} role="status">
          {hasResult && 'The result is ready.'}
        </p>
      </Panel>
      <SharePanel
        open={sharing}
        onClose={() => setSharing(false)}
        customerId={customerId}
        request={request}
        withKey={session.role !== 'open'}
      />
    </>
  );
}

function Failure({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  if (isProblem(error, 'analysis_cancelled')) {
    return (
      <p className={styles.cancelled} role="status">
        Cancelled.
        <Button size="small" onClick={onRetry}>
          Run again
        </Button>
      </p>
    );
  }
  return <ProblemBox problem={problemIn(error)} actions={<Button onClick={onRetry}>Try again</Button>} />;
}

interface VersionProps {
  readonly shown: { readonly rows: number; readonly version: number };
  readonly current: TableState;
  readonly onRefresh: () => void;
}

/** Results stay as they are while they are read. This says when the table has changed since. */
function Version({ shown, current, onRefresh }: VersionProps) {
  if (current.version <= shown.version) {
    return (
      <p
        className={styles.soft}
      >{`From ${counted(shown.rows, 'row')}, version ${count(shown.version)} of the table.`}</p>
    );
  }
  const more = current.rows - shown.rows;
  const change = more >= 0 ? `${counted(more, 'row')} more` : `${counted(-more, 'row')} fewer`;
  return (
    <p className={styles.outdated} role="status">
      {`The table has changed since: ${change}.`}
      <Button size="small" onClick={onRefresh}>
        <RefreshCw aria-hidden />
        Refresh
      </Button>
    </p>
  );
}
