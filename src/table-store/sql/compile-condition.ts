import type { ColumnType } from '../../model/columns.ts';
import type { Condition, Operand } from '../query-plan.ts';
import type { Dialect } from './dialect.ts';
import { likeParts } from './like-parts.ts';
import type { Parameters } from './parameters.ts';
import type { Physical } from './physical-columns.ts';

export function isTime(type: ColumnType): boolean {
  return type === 'date' || type === 'timestamp';
}

/** Compiles a condition to SQL, in parentheses if it needs them. */
export function compileCondition(
  dialect: Dialect,
  condition: Condition,
  physical: Physical,
  parameters: Parameters,
): string {
  const compile = (part: Condition) => compileCondition(dialect, part, physical, parameters);
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `(${condition.conditions.map(compile).join(condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${compile(condition.condition)})`;
    case 'is_null':
      return `(${operandSql(condition.operand, physical)} IS NULL)`;
  }
  // A column without values has no type that a value could be converted to.
  if (typeOf(condition.operand) === 'unknown') return dialect.neither;
  const operand = operandSql(condition.operand, physical);
  const type = boundType(condition.operand);
  switch (condition.kind) {
    case 'compare':
      return dialect.compare(operand, condition.op, condition.value, type, parameters);
    case 'in':
      return dialect.isIn(operand, condition.values, type, parameters);
    case 'like':
      return dialect.like(operand, likeParts(condition.pattern), parameters);
  }
}

function typeOf(operand: Operand): ColumnType {
  return operand.kind === 'column' ? operand.column.type : operand.type;
}

function operandSql(operand: Operand, physical: Physical): string {
  return operand.kind === 'column' ? physical(operand.column) : `o${operand.index}`;
}

/** The type of a value compared with the operand. Times of the result are microseconds. */
function boundType(operand: Operand): ColumnType {
  return operand.kind === 'output' && isTime(operand.type) ? 'integer' : typeOf(operand);
}
