import { Play } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { Column } from '../../../../src/api/columns.ts';
import type { Ordering, Query } from '../../../../src/api/queries.ts';
import { Button } from '../../../design/button.tsx';
import { Panel } from '../../../design/panel.tsx';
import { queryColumns } from '../query-columns.ts';
import styles from './builder.module.css';
import { ChipList } from './chip-list.tsx';
import { ConditionList } from './condition-list.tsx';
import { describeGroup, GroupFields, newGroup } from './group-fields.tsx';
import { describeMeasure, exact, MeasureFields, newMeasure } from './measure-fields.tsx';
import { describeOrder, OrderFields } from './order-fields.tsx';

export interface QueryBuilderProps {
  readonly query: Query;
  readonly columns: readonly Column[];
  readonly onRun: (query: Query) => void;
}

/** A query as chips. It is run on request, since it may take long. */
export function QueryBuilder({ query, columns, onRun }: QueryBuilderProps) {
  const [draft, setDraft] = useState(query);
  const results = queryColumns(draft, columns);
  const measures = draft.measures ?? [];
  const groups = draft.group_by ?? [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onRun(draft);
  };
  /** Without members that are empty, which the server refuses. */
  const change = (members: { readonly [Name in keyof Query]?: Query[Name] | undefined }): void => {
    const next = Object.entries({ ...draft, ...members }).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    );
    setDraft(Object.fromEntries(next) as Query);
  };
  const isEmpty = measures.length + groups.length === 0;
  const isChanged = JSON.stringify(draft) !== JSON.stringify(query);
  return (
    <Panel title="Query">
      <form className={styles.builder} onSubmit={submit}>
        <ChipList
          label="Show"
          noun="measure"
          items={measures}
          describe={describeMeasure}
          newItem={() => newMeasure(columns)}
          fields={(measure, set) => (
            <MeasureFields measure={measure} columns={columns} ofAllRows={groups.length === 0} onChange={set} />
          )}
          onChange={(items) => change({ measures: [...items] })}
        />
        <ChipList
          label="For each"
          noun="group"
          items={groups}
          describe={describeGroup}
          newItem={() => newGroup(columns, groups)}
          fields={(group, set) => <GroupFields group={group} columns={columns} onChange={set} />}
          onChange={(items) =>
            change({ group_by: [...items], ...(items.length > 0 && { measures: measures.map(exact) }) })
          }
        />
        <ConditionList
          label="Where"
          condition={draft.where}
          columns={columns}
          onChange={(where) => change({ where })}
        />
        <ConditionList
          label="Having"
          condition={draft.having}
          columns={results}
          onChange={(having) => change({ having })}
        />
        <ChipList
          label="Sorted by"
          noun="order"
          items={draft.order_by ?? []}
          describe={describeOrder}
          newItem={(): Ordering => ({ column: results.at(-1)?.name ?? '', direction: 'desc' })}
          fields={(order, set) => <OrderFields order={order} columns={results} onChange={set} />}
          onChange={(items) => change({ order_by: [...items] })}
        />
        <label className={styles.part}>
          <span className={styles.partLabel}>At most</span>
          <span className={styles.chips}>
            <input
              className={styles.limit}
              inputMode="numeric"
              placeholder="all"
              value={draft.limit ?? ''}
              onChange={({ target }) => {
                const digits = target.value.replace(/\D/g, '').slice(0, 9);
                change({ limit: digits === '' ? undefined : Number(digits) });
              }}
            />{' '}
            rows
          </span>
        </label>
        <div className={styles.run}>
          <Button type="submit" look="primary" disabled={isEmpty}>
            <Play aria-hidden />
            Run
          </Button>
          <span className={styles.soft} role="status">
            {isEmpty ? 'Add a measure or a group.' : isChanged && 'Changed since it was last run.'}
          </span>
        </div>
      </form>
    </Panel>
  );
}
