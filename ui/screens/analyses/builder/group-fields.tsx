import { useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import type { BucketName, Group } from '../../../../src/api/queries.ts';
import { TextField } from '../../../design/field.tsx';
import { SelectField } from '../../../design/select-field.tsx';
import { groupObject } from '../query-columns.ts';
import { timeZoneChoices } from '../time-zones.ts';
import { bucketsFor } from './buckets.ts';

export function describeGroup(group: Group): string {
  const { column, bucket, buckets, time_zone } = groupObject(group);
  if (buckets !== undefined) return `${column} in ${buckets} parts`;
  if (typeof bucket === 'number') return `${column} in steps of ${bucket}`;
  return `${column}${bucket === undefined ? '' : ` per ${bucket}`}${time_zone === undefined ? '' : ` (${time_zone})`}`;
}

export function newGroup(columns: readonly Column[], taken: readonly Group[]): Group {
  const names = taken.map((group) => groupObject(group).column);
  const column = columns.find(({ name }) => !names.includes(name)) ?? columns[0];
  return column ? groupBy(column) : '';
}

/** A group as people mean it: days rather than single moments. */
function groupBy({ name, type }: Column): Group {
  if (type === 'timestamp' || type === 'date') return { column: name, bucket: 'day' };
  return type === 'number' ? { column: name, buckets: 20 } : name;
}

/** The fields of a group. */
export function GroupFields(props: {
  readonly group: Group;
  readonly columns: readonly Column[];
  readonly onChange: (group: Group) => void;
}) {
  const { columns, onChange } = props;
  const group = groupObject(props.group);
  const column = columns.find(({ name }) => name.toLowerCase() === group.column.toLowerCase());
  const { as } = group;
  const named = { column: group.column, ...(as !== undefined && { as }) };
  return (
    <>
      <SelectField
        label="Column"
        value={column?.name ?? ''}
        onChange={(name) => {
          const next = columns.find((each) => each.name === name);
          if (next) onChange(groupBy(next));
        }}
        choices={columns.map(({ name }) => ({ value: name, label: name }))}
      />
      {(column?.type === 'timestamp' || column?.type === 'date') && (
        <>
          <SelectField
            label="Per"
            value={typeof group.bucket === 'string' ? group.bucket : ''}
            onChange={(bucket) => onChange(bucket === '' ? named : { ...group, bucket: bucket as BucketName })}
            choices={[
              { value: '', label: 'exact time' },
              ...bucketsFor(column.type).map((bucket) => ({ value: bucket, label: bucket })),
            ]}
          />
          {column.type === 'timestamp' && group.bucket !== undefined && (
            <SelectField
              label="Time zone"
              value={group.time_zone ?? 'UTC'}
              onChange={(zone) => {
                const { time_zone: _, ...others } = group;
                onChange(zone === 'UTC' ? others : { ...others, time_zone: zone });
              }}
              choices={timeZoneChoices(group.time_zone)}
            />
          )}
        </>
      )}
      {(column?.type === 'number' || column?.type === 'integer') && (
        <NumberBuckets
          key={group.column}
          bucket={typeof group.bucket === 'number' ? group.bucket : undefined}
          buckets={group.buckets}
          onChange={(given) => onChange({ ...named, ...given })}
        />
      )}
    </>
  );
}

interface NumberBucketsProps {
  readonly bucket: number | undefined;
  readonly buckets: number | undefined;
  readonly onChange: (given: { readonly bucket: number } | { readonly buckets: number } | Record<never, never>) => void;
}

function NumberBuckets({ bucket, buckets, onChange }: NumberBucketsProps) {
  const kind = buckets === undefined ? (bucket === undefined ? 'value' : 'width') : 'count';
  const [text, setText] = useState(String(bucket ?? buckets ?? 20));
  const apply = (nextKind: string, nextText: string): void => {
    const number = Number(nextText.replace(',', '.'));
    if (nextKind === 'width') onChange({ bucket: number });
    else onChange(nextKind === 'count' ? { buckets: number } : {});
  };
  return (
    <>
      <SelectField
        label="Grouped by"
        value={kind}
        onChange={(next) => apply(next, text)}
        choices={[
          { value: 'value', label: 'each value' },
          { value: 'count', label: 'a number of equal parts' },
          { value: 'width', label: 'steps of a width' },
        ]}
      />
      {kind !== 'value' && (
        <TextField
          label={kind === 'count' ? 'Parts' : 'Width'}
          inputMode="decimal"
          value={text}
          onValueChange={(next) => {
            setText(next);
            apply(kind, next);
          }}
        />
      )}
    </>
  );
}
