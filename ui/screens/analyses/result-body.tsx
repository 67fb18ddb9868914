import type { Analysis, Profile, TimeDifference, TimeSpan, TotalRows } from '../../../src/api/analyses.ts';
import type { TableState } from '../../../src/api/tables.ts';
import type { AnalysisRequest } from '../../data/analysis-request.ts';
import { Facts } from '../../design/facts.tsx';
import { count } from '../../design/figures.ts';
import { numberText, timeText, valueText } from '../../parts/format-value.ts';
import styles from './analyses.module.css';
import { ChartFigure } from './charts/chart-figure.tsx';
import { durationWords } from './plain-words.ts';
import { ProfileTable } from './profile-table.tsx';
import { ResultTable } from './result-table.tsx';
import type { TabularResult } from './tabular.ts';

export interface ResultBodyProps {
  readonly analysis: Analysis;
  readonly request: AnalysisRequest;
  readonly table: TableState;
  readonly shown: TabularResult | null;
}

/** A result in words, figures, charts and tables. */
export function ResultBody({ analysis, table, shown }: ResultBodyProps) {
  const { name, result } = analysis;
  switch (name) {
    case 'total_rows':
      return <Total rows={(result as TotalRows).total_rows} />;
    case 'time_difference': {
      const { first_row_at, latest_row_at, seconds, duration, time_column } = result as TimeDifference;
      return (
        <Span
          seconds={seconds}
          duration={duration}
          timeColumn={time_column}
          says="passed from the first row to the row with the latest time."
          ends={[
            ['First row', first_row_at],
            ['Latest time', latest_row_at],
          ]}
        />
      );
    }
    case 'time_span': {
      const { earliest_at, latest_at, seconds, duration, time_column } = result as TimeSpan;
      return (
        <Span
          seconds={seconds}
          duration={duration}
          timeColumn={time_column}
          says="lie between the earliest and the latest time."
          ends={[
            ['Earliest time', earliest_at],
            ['Latest time', latest_at],
          ]}
        />
      );
    }
    case 'profile':
      return <ProfileTable profile={result as Profile} timeColumn={table.time_column} />;
    default:
      return shown && <Tabular shown={shown} />;
  }
}

function Total({ rows }: { readonly rows: number }) {
  return (
    <p className={styles.statement}>
      The table has <strong>{count(rows)}</strong> {rows === 1 ? 'row' : 'rows'}.
    </p>
  );
}

interface SpanProps {
  readonly seconds: number | null;
  readonly duration: string | null;
  readonly timeColumn: string;
  readonly says: string;
  readonly ends: readonly (readonly [name: string, at: string | null])[];
}

function Span({ seconds, duration, timeColumn, says, ends }: SpanProps) {
  if (seconds === null || duration === null) {
    return <p className={styles.statement}>No row has a time in column {timeColumn}, so there is no difference.</p>;
  }
  return (
    <>
      <p className={styles.statement}>
        <strong>{durationWords(duration)}</strong> {says}
      </p>
      <Facts
        facts={[
          ...ends.map(([name, at]) => ({ name, value: at === null ? '–' : timeText(at), note: timeColumn })),
          { name: 'In seconds', value: numberText(seconds), note: duration },
        ]}
      />
    </>
  );
}

function Tabular({ shown }: { readonly shown: TabularResult }) {
  const { columns, rows, charts } = shown;
  const [row] = rows;
  // Measures of the whole table are figures, not a table of one row.
  if (row && rows.length === 1 && columns.every(({ group }) => !group)) {
    return (
      <Facts
        facts={columns.map(({ name, type }, index) => ({ name, value: valueText(row[index] ?? null, type) || '–' }))}
      />
    );
  }
  return (
    <>
      {charts.map((chart) => (
        <ChartFigure key={chart.title} chart={chart} columns={columns} />
      ))}
      <ResultTable result={shown} label="Rows of the result" />
    </>
  );
}
