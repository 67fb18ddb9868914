import { useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import type { Condition } from '../../../../src/api/queries.ts';
import { SelectField } from '../../../design/select-field.tsx';
import styles from './builder.module.css';
import { ChipList } from './chip-list.tsx';
import { newComparison } from './comparison-fields.tsx';
import { ConditionFields } from './condition-fields.tsx';
import { COMBINATIONS, type Combination, conditionOf, describeCondition, firstLevel } from './conditions.ts';

export interface ConditionListProps {
  readonly label: string;
  readonly condition: Condition | undefined;
  readonly columns: readonly Column[];
  readonly onChange: (condition: Condition | undefined) => void;
}

/** Conditions of a query, all of which have to be true, or any. */
export function ConditionList({ label, condition, columns, onChange }: ConditionListProps) {
  const { combination, items } = firstLevel(condition);
  const [wanted, setWanted] = useState(combination);
  const used = items.length > 1 ? combination : wanted;
  const change = (next: Combination): void => {
    setWanted(next);
    onChange(conditionOf({ combination: next, items }));
  };
  return (
    <ChipList<Condition>
      label={label}
      noun="condition"
      items={items}
      describe={describeCondition}
      newItem={() => newComparison(columns)}
      fields={(each, set) => <ConditionFields condition={each} columns={columns} among={used} onChange={set} />}
      onChange={(next) => onChange(conditionOf({ combination: used, items: next }))}
    >
      {items.length > 1 && (
        <span className={styles.join}>
          <SelectField
            label="Combination"
            value={used}
            onChange={(next) => change(next as Combination)}
            choices={(['all', 'any'] as const).map((value) => ({ value, label: COMBINATIONS[value] }))}
          />
        </span>
      )}
    </ChipList>
  );
}
