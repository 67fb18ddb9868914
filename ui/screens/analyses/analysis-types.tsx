import {
  CalendarRange,
  ChartColumn,
  Clock,
  Hash,
  ListOrdered,
  type LucideIcon,
  TableProperties,
  Wrench,
} from 'lucide-react';
import { Link } from 'wouter';
import type { AnalyzeTypeName } from '../../../src/api/analyze-types.ts';
import type { Column } from '../../../src/api/columns.ts';
import type { Query } from '../../../src/api/queries.ts';
import type { TableState } from '../../../src/api/tables.ts';
import { type AnalysisRequest, searchFor } from '../../data/analysis-request.ts';
import styles from './analyses.module.css';

interface Choice {
  readonly title: string;
  readonly description: string;
  readonly Icon: LucideIcon;
  readonly request: (table: TableState) => AnalysisRequest;
}

const ofType =
  (type: AnalyzeTypeName): Choice['request'] =>
  () => ({ kind: 'type', type, parameters: {} });

export const TITLES: Readonly<Record<AnalyzeTypeName, string>> = {
  time_difference: 'Time difference',
  total_rows: 'Total rows',
  time_span: 'Time span',
  rows_over_time: 'Rows over time',
  top_values: 'Top values',
  profile: 'Profile',
};

const CHOICES: readonly Choice[] = [
  {
    title: TITLES.time_difference,
    description: 'From the first row to the latest time',
    Icon: Clock,
    request: ofType('time_difference'),
  },
  { title: TITLES.total_rows, description: 'How many rows there are', Icon: Hash, request: ofType('total_rows') },
  {
    title: TITLES.time_span,
    description: 'From the earliest to the latest time',
    Icon: CalendarRange,
    request: ofType('time_span'),
  },
  {
    title: TITLES.rows_over_time,
    description: 'How many rows there were, and when',
    Icon: ChartColumn,
    request: ofType('rows_over_time'),
  },
  {
    title: TITLES.top_values,
    description: 'The most frequent values of a column',
    Icon: ListOrdered,
    request: ({ columns }) => ({
      kind: 'type',
      type: 'top_values',
      parameters: { column: firstText(columns)?.name ?? columns[0]?.name ?? '' },
    }),
  },
  { title: TITLES.profile, description: 'Each column in figures', Icon: TableProperties, request: ofType('profile') },
  {
    title: 'Your own query',
    description: 'Measures, groups and conditions',
    Icon: Wrench,
    request: ({ columns }) => ({ kind: 'query', query: firstQuery(columns) }),
  },
];

/** The analyses to choose from, one click each. */
export function AnalysisTypes(props: {
  readonly customerId: string;
  readonly table: TableState;
  readonly current: AnalysisRequest | null;
}) {
  const { customerId, table, current } = props;
  return (
    <nav aria-label="Analyses">
      <ul className={styles.types}>
        {CHOICES.map(({ title, description, Icon, request }) => {
          const choice = request(table);
          const isCurrent =
            current?.kind === choice.kind &&
            (choice.kind === 'query' || (current as typeof choice).type === choice.type);
          return (
            <li key={title}>
              <Link
                href={`/c/${customerId}/analyses${searchFor(choice)}`}
                className={styles.type}
                {...(isCurrent && { 'aria-current': 'true' })}
              >
                <Icon aria-hidden />
                <span className={styles.typeTitle}>{title}</span>
                <span className={styles.typeText}>{description}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function firstText(columns: readonly Column[]): Column | undefined {
  return columns.find(({ type }) => type === 'text');
}

/** A query to start from, which every table can answer. */
function firstQuery(columns: readonly Column[]): Query {
  const column = firstText(columns)?.name;
  return {
    measures: [{ fn: 'count' }],
    ...(column !== undefined && { group_by: [column], order_by: [{ column: 'count', direction: 'desc' }] }),
    limit: 100,
  };
}
