import type { Column } from '../../../../src/api/columns.ts';
import type { Measure, MeasureFunction } from '../../../../src/api/queries.ts';
import { TextField } from '../../../design/field.tsx';
import { SelectField } from '../../../design/select-field.tsx';
import styles from './builder.module.css';

const NAMES: Readonly<Record<MeasureFunction, string>> = {
  count: 'Number of values',
  count_distinct: 'Number of different values',
  sum: 'Sum',
  avg: 'Average',
  min: 'Minimum',
  max: 'Maximum',
  median: 'Median',
  quantile: 'Quantile',
  stddev: 'Standard deviation',
  first: 'First value in time',
  last: 'Last value in time',
};
const ROWS = 'rows';

export function describeMeasure({ fn, column, q, as, approximate }: Measure): string {
  const what = column === undefined ? 'number of rows' : `${NAMES[fn] ?? fn} of ${column}`.toLowerCase();
  const text = column === undefined ? what : what.slice(0, what.length - column.length) + column;
  return `${text}${q === undefined ? '' : ` (${q})`}${as === undefined ? '' : ` as ${as}`}${approximate ? ', approximately' : ''}`;
}

export function newMeasure(columns: readonly Column[]): Measure {
  const numeric = columnsFor('avg', columns)[0];
  return numeric ? { fn: 'avg', column: numeric.name } : { fn: 'count' };
}

/** The fields of a measure. */
export function MeasureFields(props: {
  readonly measure: Measure;
  readonly columns: readonly Column[];
  /** Whether it is of all rows rather than of groups. */
  readonly ofAllRows: boolean;
  readonly onChange: (measure: Measure) => void;
}) {
  const { measure, columns, ofAllRows, onChange } = props;
  const { fn, column, q, as } = measure;
  const suitable = columnsFor(fn, columns);
  const choose = (choice: string): void => {
    if (choice === ROWS) {
      onChange({ fn: 'count', ...(as !== undefined && { as }) });
      return;
    }
    const next = choice as MeasureFunction;
    const possible = columnsFor(next, columns);
    const kept = possible.find(({ name }) => name === column) ?? possible[0];
    onChange({
      fn: next,
      column: kept?.name ?? columns[0]?.name ?? '',
      ...(next === 'quantile' && { q: q ?? 0.95 }),
      ...(as !== undefined && { as }),
    });
  };
  return (
    <>
      <SelectField
        label="Measure"
        value={column === undefined ? ROWS : fn}
        onChange={choose}
        choices={[
          { value: ROWS, label: 'Number of rows' },
          ...Object.entries(NAMES).map(([value, label]) => ({ value, label })),
        ]}
      />
      {column !== undefined && (
        <SelectField
          label="Column"
          value={column}
          onChange={(name) => onChange({ ...measure, column: name })}
          choices={suitable.map(({ name }) => ({ value: name, label: name }))}
          description={suitable.length === 0 ? 'The table has no column of numbers.' : undefined}
        />
      )}
      {fn === 'quantile' && (
        <TextField
          label="Quantile, 0 to 1"
          inputMode="decimal"
          value={String(q ?? '')}
          onValueChange={(text) => onChange({ ...measure, q: Number(text.replace(',', '.')) })}
        />
      )}
      {ofAllRows && APPROXIMABLE.includes(fn) && (
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={measure.approximate ?? false}
            onChange={({ target }) => onChange(target.checked ? { ...measure, approximate: true } : exact(measure))}
          />
          From a sample, if there are more than 5 million values
        </label>
      )}
    </>
  );
}

/** The measures that can be computed from a sample, and only for all rows. */
const APPROXIMABLE: readonly MeasureFunction[] = ['median', 'quantile', 'count_distinct'];

/** The measure as groups can have it. */
export function exact({ approximate: _, ...measure }: Measure): Measure {
  return measure;
}

function columnsFor(fn: MeasureFunction, columns: readonly Column[]): readonly Column[] {
  if (!['sum', 'avg', 'median', 'quantile', 'stddev'].includes(fn)) return columns;
  return columns.filter(({ type }) => type === 'integer' || type === 'number');
}
