import { useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import type { Condition } from '../../../../src/api/queries.ts';
import { SelectField } from '../../../design/select-field.tsx';
import styles from './builder.module.css';
import { ChipList } from './chip-list.tsx';
import { ConditionFields, newCondition } from './condition-fields.tsx';
import { conditionList, describeCondition, isComparison, joined } from './conditions.ts';

export interface ConditionListProps {
  readonly label: string;
  readonly condition: Condition | undefined;
  readonly columns: readonly Column[];
  readonly onChange: (condition: Condition | undefined) => void;
}

/** Conditions of a query, all of which have to be true, or any. */
export function ConditionList({ label, condition, columns, onChange }: ConditionListProps) {
  const { join, items } = conditionList(condition);
  const [wanted, setWanted] = useState(join);
  const used = items.length > 1 ? join : wanted;
  return (
    <ChipList
      label={label}
      noun="condition"
      items={items}
      describe={describeCondition}
      newItem={() => newCondition(columns)}
      fields={(each, set) =>
        isComparison(each) ? <ConditionFields condition={each} columns={columns} onChange={set} /> : null
      }
      onChange={(next) => onChange(joined({ join: used, items: next }))}
    >
      {items.length > 1 && (
        <span className={styles.join}>
          <SelectField
            label="Combination"
            value={used}
            onChange={(next) => {
              setWanted(next === 'or' ? 'or' : 'and');
              onChange(joined({ join: next === 'or' ? 'or' : 'and', items }));
            }}
            choices={[
              { value: 'and', label: 'all of them' },
              { value: 'or', label: 'any of them' },
            ]}
          />
        </span>
      )}
    </ChipList>
  );
}
