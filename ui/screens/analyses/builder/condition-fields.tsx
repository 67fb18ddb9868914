import { Plus, X } from 'lucide-react';
import { useId, useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import type { Condition } from '../../../../src/api/queries.ts';
import { Button } from '../../../design/button.tsx';
import { SelectField } from '../../../design/select-field.tsx';
import styles from './builder.module.css';
import { ComparisonFields, newComparison } from './comparison-fields.tsx';
import {
  COMBINATIONS,
  type Combination,
  type ConditionGroup,
  conditionOf,
  describeCondition,
  groupOf,
  isComparison,
} from './conditions.ts';

export interface ConditionFieldsProps {
  readonly condition: Condition;
  readonly columns: readonly Column[];
  /** How it is combined with the conditions around it. */
  readonly among: Combination;
  readonly onChange: (condition: Condition) => void;
}

/** The fields of a condition: of a comparison, or of conditions that are combined, each of which may be such a group again. */
export function ConditionFields({ condition, columns, among, onChange }: ConditionFieldsProps) {
  if (!isComparison(condition)) {
    const change = (group: ConditionGroup): void => onChange(conditionOf(group) ?? newComparison(columns));
    return <CombinedFields group={groupOf(condition)} columns={columns} onChange={change} />;
  }
  const isAnd = among === 'all' || among === 'not all';
  const widen = (): void => {
    const items = [condition, newComparison(columns)];
    onChange(isAnd ? { or: items } : { and: items });
  };
  return (
    <>
      <ComparisonFields condition={condition} columns={columns} onChange={onChange} />
      <Button size="small" look="quiet" className={styles.another} onClick={widen}>
        <Plus aria-hidden />
        {isAnd ? 'Or another condition' : 'And another condition'}
      </Button>
    </>
  );
}

interface CombinedFieldsProps {
  readonly group: ConditionGroup;
  readonly columns: readonly Column[];
  readonly onChange: (group: ConditionGroup) => void;
}

function CombinedFields({ group, columns, onChange }: CombinedFieldsProps) {
  const { combination, items } = group;
  // What is typed belongs to a condition, wherever that moves when another one is removed.
  const [keys, setKeys] = useState(() => items.map((_, index) => index));
  const label = useId();
  return (
    <div className={styles.fields}>
      <SelectField
        label="Combination"
        value={combination}
        onChange={(next) => onChange({ combination: next as Combination, items })}
        choices={Object.entries(COMBINATIONS).map(([value, name]) => ({ value, label: name }))}
      />
      {items.map((item, index) => (
        <fieldset key={keys[index] ?? -1 - index} className={styles.member} aria-labelledby={`${label}${index}`}>
          <legend id={`${label}${index}`} className={styles.memberName}>
            Condition {index + 1}
          </legend>
          <Button
            size="small"
            look="quiet"
            icon
            className={styles.removeMember}
            aria-label={`Remove: ${describeCondition(item)}`}
            onClick={() => {
              setKeys(keys.filter((_, place) => place !== index));
              onChange({ combination, items: items.filter((_, place) => place !== index) });
            }}
          >
            <X aria-hidden />
          </Button>
          <ConditionFields
            condition={item}
            columns={columns}
            among={combination}
            onChange={(changed) =>
              onChange({ combination, items: items.map((each, place) => (place === index ? changed : each)) })
            }
          />
        </fieldset>
      ))}
      <Button
        size="small"
        className={styles.another}
        onClick={() => {
          setKeys([...keys, Math.max(-1, ...keys) + 1]);
          onChange({ combination, items: [...items, newComparison(columns)] });
        }}
      >
        <Plus aria-hidden />
        Add condition here
      </Button>
    </div>
  );
}
