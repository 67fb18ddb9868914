import type { Column, ColumnType } from '../../../../src/api/columns.ts';
import type { Condition } from '../../../../src/api/queries.ts';

export type Comparison = Extract<Condition, { readonly column: string }>;
export type Operator = Comparison['op'];

/** Conditions that are combined. */
export interface ConditionGroup {
  readonly combination: Combination;
  readonly items: readonly Condition[];
}

export type Combination = 'all' | 'any' | 'none' | 'not all';

export const COMBINATIONS: Readonly<Record<Combination, string>> = {
  all: 'all of them',
  any: 'any of them',
  none: 'none of them',
  'not all': 'not all of them',
};

/** The conditions of a query at its first level. A negated one is one of them. */
export function firstLevel(condition: Condition | undefined): ConditionGroup {
  if (condition === undefined) return { combination: 'all', items: [] };
  if (isComparison(condition) || 'not' in condition) return { combination: 'all', items: [condition] };
  return groupOf(condition);
}

export function groupOf(condition: Exclude<Condition, Comparison>): ConditionGroup {
  if ('and' in condition) return { combination: 'all', items: condition.and };
  if ('or' in condition) return { combination: 'any', items: condition.or };
  const { not } = condition;
  if ('and' in not) return { combination: 'not all', items: not.and };
  return { combination: 'none', items: 'or' in not ? not.or : [not] };
}

/** @returns undefined for a group without conditions */
export function conditionOf({ combination, items }: ConditionGroup): Condition | undefined {
  const [only, ...others] = items;
  if (only === undefined) return undefined;
  const joins = combination === 'all' || combination === 'not all' ? { and: [...items] } : { or: [...items] };
  const condition = others.length === 0 ? only : joins;
  return combination === 'all' || combination === 'any' ? condition : { not: condition };
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
  const [items, join] = 'and' in condition ? [condition.and, 'and'] : [condition.or, 'or'];
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
