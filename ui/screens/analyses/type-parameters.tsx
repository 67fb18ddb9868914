import type { BucketName } from '../../../src/api/queries.ts';
import type { TableState } from '../../../src/api/tables.ts';
import type { AnalysisRequest } from '../../data/analysis-request.ts';
import { SelectField } from '../../design/select-field.tsx';
import styles from './analyses.module.css';
import { bucketsFor } from './builder/buckets.ts';
import { timeZoneChoices } from './time-zones.ts';

export interface TypeParametersProps {
  readonly request: Extract<AnalysisRequest, { readonly kind: 'type' }>;
  readonly table: TableState;
  readonly onRun: (request: AnalysisRequest) => void;
}

/** The parameters of the types that have some. A choice is run at once. */
export function TypeParameters({ request, table, onRun }: TypeParametersProps) {
  const { type, parameters } = request;
  const set = (name: string, value: string): void => {
    const { [name]: _, ...others } = parameters;
    onRun({ ...request, parameters: value === '' ? others : { ...others, [name]: value } });
  };
  if (type === 'top_values') {
    return (
      <div className={styles.parameters}>
        <SelectField
          label="Column"
          value={String(parameters.column ?? '')}
          onChange={(value) => set('column', value)}
          choices={table.columns.map(({ name }) => ({ value: name, label: name }))}
        />
        <SelectField
          label="Values"
          value={String(parameters.limit ?? 10)}
          onChange={(value) => set('limit', value)}
          choices={[10, 25, 100, 1000].map((limit) => ({ value: String(limit), label: `The first ${limit}` }))}
        />
      </div>
    );
  }
  const column = table.columns.find(({ name }) => name === table.time_column);
  if (type !== 'rows_over_time' || !column) return null;
  return (
    <div className={styles.parameters}>
      <SelectField
        label="Per"
        value={String(parameters.bucket ?? '')}
        onChange={(value) => set('bucket', value as BucketName)}
        choices={[
          { value: '', label: 'as fits' },
          ...bucketsFor(column.type).map((bucket) => ({ value: bucket, label: bucket })),
        ]}
      />
      {column.type === 'timestamp' && (
        <SelectField
          label="Time zone"
          value={String(parameters.time_zone ?? 'UTC')}
          onChange={(value) => set('time_zone', value === 'UTC' ? '' : value)}
          choices={timeZoneChoices(parameters.time_zone === undefined ? undefined : String(parameters.time_zone))}
        />
      )}
    </div>
  );
}
