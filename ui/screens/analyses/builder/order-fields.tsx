import type { Column } from '../../../../src/api/columns.ts';
import type { Ordering } from '../../../../src/api/queries.ts';
import { SelectField } from '../../../design/select-field.tsx';

export function describeOrder(order: Ordering): string {
  if (typeof order === 'string') return `${order}, ascending`;
  return `${order.column}, ${order.direction === 'desc' ? 'descending' : 'ascending'}`;
}

export interface OrderFieldsProps {
  readonly order: Ordering;
  readonly columns: readonly Column[];
  readonly onChange: (order: Ordering) => void;
}

/** The fields of an order. */
export function OrderFields({ order, columns, onChange }: OrderFieldsProps) {
  const given = typeof order === 'string' ? { column: order } : order;
  return (
    <>
      <SelectField
        label="Column of the result"
        value={given.column}
        onChange={(column) => onChange({ ...given, column })}
        choices={columns.map(({ name }) => ({ value: name, label: name }))}
      />
      <SelectField
        label="Order"
        value={given.direction ?? 'asc'}
        onChange={(direction) => onChange({ ...given, direction: direction === 'desc' ? 'desc' : 'asc' })}
        choices={[
          { value: 'asc', label: 'ascending' },
          { value: 'desc', label: 'descending' },
        ]}
      />
    </>
  );
}
