import type { Column, ColumnType } from '../../../../src/api/columns.ts';
import type { Condition } from '../../../../src/api/queries.ts';

type Comparison = Extract<Condition, { readonly column: string }>;
export type Operator = Comparison['op'];

/** Conditions of one level, all of which have to be true, or any. */
export interface ConditionList {
  readonly join: 'and' | 'or';
  readonly items: readonly Condition[];
}

export function conditionList(condition: Condition | undefined): ConditionList {
  if (condition === undefined) return { join: 'and', items: [] };
  if ('and' in condition) return { join: 'and', items: condition.and };
  if ('or' in condition) return { join: 'or', items: condition.or };
  return { join: 'and', items: [condition] };
}

export function joined({ join, items }: ConditionList): Condition | undefined {
  const [first, ...others] = items;
  if (first === undefined || others.length === 0) return first;
  return join === 'and' ? { and: [...items] } : { or: [...items] };
}

export function isComparison(condition: Condition): condition is Comparison {
  return 'column' in condition;
}

export const OPERATORS: Readonly<Record<Operator, string>> = {
  '=': 'is',
  '!=': 'is not',
  '<': 'is less than',
  '<=': 'is at most',
  '>': 'is greater than',
  '>=': 'is at least',
  between: 'is between',
  in: 'is one of',
  like: 'matches',
  'is null': 'has no value',
  'is not null': 'has a value',
};

export function operatorsFor(type: ColumnType): readonly Operator[] {
  const all = Object.keys(OPERATORS) as Operator[];
  if (type === 'unknown') return ['is null', 'is not null'];
  if (type === 'boolean') return ['=', '!=', 'is null', 'is not null'];
  return type === 'text' ? all : all.filter((op) => op !== 'like');
}

export function describeCondition(condition: Condition): string {
  if (!isComparison(condition)) return describeCombination(condition);
  const { column, op } = condition;
  const name = OPERATORS[op] ?? op;
  if (!('value' in condition)) return `${column} ${name}`;
  if (condition.op === 'between') return `${column} ${name} ${condition.value.join(' and ')}`;
  if (condition.op === 'in') return `${column} ${name} ${condition.value.map(shown).join(', ')}`;
  return `${column} ${name} ${shown(condition.value as string)}`;
}

function describeCombination(condition: Exclude<Condition, Comparison>): string {
  if ('not' in condition) return `not ${inBrackets(condition.not)}`;
  const { join, items } = conditionList(condition);
  return items.map((each) => (isComparison(each) ? describeCondition(each) : inBrackets(each))).join(` ${join} `);
}

function inBrackets(condition: Condition): string {
  return `(${describeCondition(condition)})`;
}

function shown(value: string | number | boolean): string {
  return value === '' ? '(empty text)' : String(value);
}

/** What is typed for a column, in the JSON form of its type. What does not have that form is left to the server, which says why. */
export function typedValue(text: string, { type }: Column): string | number | boolean {
  if (type === 'boolean') return text === 'true';
  if (type !== 'integer' && type !== 'number') return text;
  const number = Number(text);
  const isNumber = text.trim() !== '' && Number.isFinite(number);
  // Digits that a number of JavaScript would round stay text.
  if (!isNumber || (/^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(number))) return text.trim();
  return number;
}
