import type { Column, ColumnType } from '../../../src/api/columns.ts';
import type { Group, Measure, Query } from '../../../src/api/queries.ts';

type GroupObject = Exclude<Group, string>;

export function groupObject(group: Group): GroupObject {
  return typeof group === 'string' ? { column: group } : group;
}

/** A column of a result, and what of the query it shows. */
export interface QueryColumn extends Column {
  readonly group: GroupObject | null;
  /** `upper`: the end of a bucket, whose start is the column before. */
  readonly edge: 'lower' | 'upper' | null;
}

/** The columns of a query's result, named as the server names them. */
export function queryColumns(
  { group_by = [], measures = [] }: Query,
  columns: readonly Column[],
): readonly QueryColumn[] {
  const typeOf = (name: string | undefined): ColumnType =>
    columns.find((column) => column.name.toLowerCase() === name?.toLowerCase())?.type ?? 'text';
  const nameOf = (name: string): string =>
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name ?? name;
  const groups = group_by.map(groupObject).flatMap((group): readonly QueryColumn[] => {
    const name = group.as ?? nameOf(group.column);
    const type = typeOf(group.column);
    if (group.buckets === undefined) return [{ name, type, group, edge: null }];
    return [
      { name, type, group, edge: 'lower' },
      { name: `${name}_end`, type, group, edge: 'upper' },
    ];
  });
  return [
    ...groups,
    ...measures.map((measure) => ({
      name:
        measure.as ??
        [measure.fn, measure.q, measure.column && nameOf(measure.column)].filter((part) => part != null).join('_'),
      type: measuredType(measure, typeOf(measure.column)),
      group: null,
      edge: null,
    })),
  ];
}

function measuredType({ fn }: Measure, type: ColumnType): ColumnType {
  if (fn === 'count' || fn === 'count_distinct') return 'integer';
  if (fn === 'avg' || fn === 'median' || fn === 'quantile' || fn === 'stddev') return 'number';
  return type;
}
