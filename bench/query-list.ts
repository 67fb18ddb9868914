/** A query for Thena, and the same in the SQL that a person would write for DuckDB. */
export interface ComparedQuery {
  readonly name: string;
  readonly query: Readonly<Record<string, unknown>>;
  /** `events` is the table. */
  readonly sql: string;
}

const BERLIN = `timezone('Europe/Berlin', timezone('UTC', occurred_at))`;

/** Ten typical queries of the events that `npm run sample` generates. */
export const QUERIES: readonly ComparedQuery[] = [
  {
    name: 'totals of the table',
    query: { measures: [{ fn: 'count' }, { fn: 'sum', column: 'amount' }, { fn: 'avg', column: 'amount' }] },
    sql: 'SELECT count(*), sum(amount), avg(amount) FROM events',
  },
  {
    name: 'measures by type',
    query: {
      measures: ['avg', 'min', 'max', 'stddev'].map((fn) => ({ fn, column: 'amount' })),
      group_by: ['event_type'],
    },
    sql: 'SELECT event_type, avg(amount), min(amount), max(amount), stddev(amount) FROM events GROUP BY event_type ORDER BY event_type',
  },
  {
    name: 'top five countries',
    query: {
      measures: [{ fn: 'sum', column: 'amount', as: 'total' }],
      group_by: ['country'],
      where: { column: 'event_type', op: '=', value: 'purchase' },
      order_by: [{ column: 'total', direction: 'desc' }],
      limit: 5,
    },
    sql: `SELECT country, sum(amount) AS total FROM events WHERE event_type = 'purchase' GROUP BY country ORDER BY total DESC LIMIT 5`,
  },
  {
    name: 'rows per day',
    query: { measures: [{ fn: 'count' }], group_by: [{ column: 'occurred_at', bucket: 'day' }] },
    sql: `SELECT date_trunc('day', occurred_at) AS day, count(*) FROM events GROUP BY day ORDER BY day`,
  },
  {
    name: 'rows per day in Berlin',
    query: {
      measures: [{ fn: 'count' }],
      group_by: [{ column: 'occurred_at', bucket: 'day', time_zone: 'Europe/Berlin' }],
    },
    sql: `SELECT date_trunc('day', ${BERLIN}) AS day, count(*) FROM events GROUP BY day ORDER BY day`,
  },
  {
    name: 'one day by hour and type',
    query: {
      measures: [{ fn: 'count' }, { fn: 'sum', column: 'amount' }],
      group_by: [{ column: 'occurred_at', bucket: 'hour' }, 'event_type'],
      where: {
        and: [
          { column: 'occurred_at', op: '>=', value: '2024-02-01' },
          { column: 'occurred_at', op: '<', value: '2024-02-02' },
        ],
      },
    },
    sql: `SELECT date_trunc('hour', occurred_at) AS hour, event_type, count(*), sum(amount) FROM events WHERE occurred_at >= '2024-02-01' AND occurred_at < '2024-02-02' GROUP BY hour, event_type ORDER BY hour, event_type`,
  },
  {
    name: 'distinct IDs by country',
    query: { measures: [{ fn: 'count_distinct', column: 'event_id' }], group_by: ['country'] },
    sql: 'SELECT country, count(DISTINCT event_id) FROM events GROUP BY country ORDER BY country',
  },
  {
    name: 'median, 95th percentile',
    query: {
      measures: [
        { fn: 'median', column: 'amount' },
        { fn: 'quantile', column: 'amount', q: 0.95 },
      ],
      group_by: ['event_type'],
    },
    sql: 'SELECT event_type, median(amount), quantile_cont(amount, 0.95) FROM events GROUP BY event_type ORDER BY event_type',
  },
  {
    name: 'filters and having',
    query: {
      measures: [{ fn: 'count' }],
      group_by: ['event_type', 'country'],
      where: {
        and: [
          { column: 'event_type', op: 'like', value: '%_in' },
          { column: 'country', op: 'in', value: ['DE', 'FR', 'JP'] },
          { column: 'amount', op: 'between', value: [100, 5000] },
        ],
      },
      having: { column: 'count', op: '>', value: 1000 },
    },
    sql: `SELECT event_type, country, count(*) AS rows FROM events WHERE event_type LIKE '%_in' AND country IN ('DE', 'FR', 'JP') AND amount BETWEEN 100 AND 5000 GROUP BY ALL HAVING rows > 1000 ORDER BY event_type, country`,
  },
  {
    name: 'latest amount by country',
    query: { measures: [{ fn: 'last', column: 'amount' }], group_by: ['country'] },
    sql: 'SELECT country, arg_max(amount, occurred_at) FROM events GROUP BY country ORDER BY country',
  },
];
