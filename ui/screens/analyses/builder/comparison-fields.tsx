import { useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import { TextField } from '../../../design/field.tsx';
import { SelectField } from '../../../design/select-field.tsx';
import styles from './builder.module.css';
import { type Comparison, OPERATORS, type Operator, operatorsFor, typedValue } from './conditions.ts';

export function newComparison(columns: readonly Column[]): Comparison {
  const [column] = columns;
  if (column?.type === 'unknown') return { column: column.name, op: 'is null' };
  return { column: column?.name ?? '', op: '=', value: column?.type === 'boolean' ? true : '' };
}

export interface ComparisonFieldsProps {
  readonly condition: Comparison;
  readonly columns: readonly Column[];
  readonly onChange: (condition: Comparison) => void;
}

/** The fields of a comparison. */
export function ComparisonFields({ condition, columns, onChange }: ComparisonFieldsProps) {
  const [texts, setTexts] = useState<readonly string[]>(() => textsOf(condition));
  const { op } = condition;
  const column = columns.find(({ name }) => name.toLowerCase() === condition.column.toLowerCase()) ?? columns[0];
  if (!column) return null;
  const apply = (to: Column, operator: Operator, given: readonly string[]): void => {
    setTexts(given);
    onChange(comparison(to, operator, given));
  };
  return (
    <>
      <SelectField
        label="Column"
        value={column.name}
        onChange={(name) => {
          const next = columns.find((each) => each.name === name) ?? column;
          const possible = operatorsFor(next.type);
          apply(next, possible.includes(op) ? op : '=', next.type === 'boolean' ? ['true'] : texts);
        }}
        choices={columns.map(({ name }) => ({ value: name, label: name }))}
      />
      <SelectField
        label="Condition"
        value={op}
        onChange={(next) => apply(column, next as Operator, texts)}
        choices={operatorsFor(column.type).map((value) => ({ value, label: OPERATORS[value] }))}
      />
      <Values column={column} op={op} texts={texts} onChange={(given) => apply(column, op, given)} />
    </>
  );
}

interface ValuesProps {
  readonly column: Column;
  readonly op: Operator;
  readonly texts: readonly string[];
  readonly onChange: (texts: readonly string[]) => void;
}

function Values({ column, op, texts, onChange }: ValuesProps) {
  const [first = '', second = ''] = texts;
  if (op === 'is null' || op === 'is not null') return null;
  if (column.type === 'boolean') {
    const choices = ['true', 'false'].map((value) => ({ value, label: value }));
    return <SelectField label="Value" value={first} onChange={(value) => onChange([value])} choices={choices} />;
  }
  if (op === 'in') {
    return (
      <label className={styles.lines}>
        Values, one per line
        <textarea rows={4} value={texts.join('\n')} onChange={(event) => onChange(event.target.value.split('\n'))} />
      </label>
    );
  }
  const hints: Partial<Record<Column['type'], string>> = { date: '2024-03-01', timestamp: '2024-03-01 10:00' };
  const description = {
    like: '% stands for any text, _ for one character.',
    time: 'UTC, or with an offset, such as 2024-03-01T10:00+01:00.',
  };
  const field = (label: string, value: string, place: number) => (
    <TextField
      label={label}
      value={value}
      placeholder={hints[column.type]}
      inputMode={column.type === 'integer' || column.type === 'number' ? 'decimal' : 'text'}
      onValueChange={(text) => onChange(place === 0 ? [text, second] : [first, text])}
      description={op === 'like' ? description.like : column.type === 'timestamp' ? description.time : undefined}
    />
  );
  if (op !== 'between') return field('Value', first, 0);
  return (
    <>
      {field('From', first, 0)}
      {field('To', second, 1)}
    </>
  );
}

function textsOf(condition: Comparison): readonly string[] {
  if (!('value' in condition)) return [];
  return [condition.value].flat().map(String);
}

function comparison(column: Column, op: Operator, texts: readonly string[]): Comparison {
  const { name } = column;
  const [first = '', second = ''] = texts;
  switch (op) {
    case 'is null':
    case 'is not null':
      return { column: name, op };
    case 'between':
      return { column: name, op, value: [typedValue(first, column), typedValue(second, column)] };
    case 'in':
      return { column: name, op, value: texts.map((text) => typedValue(text, column)) };
    case 'like':
      return { column: name, op, value: first };
    default:
      return { column: name, op, value: typedValue(first, column) };
  }
}
