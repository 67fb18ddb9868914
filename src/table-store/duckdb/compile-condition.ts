import type { ColumnType } from '../../model/columns.ts';
import type { Condition, Operand } from '../query-plan.ts';
import { compileLike } from './compile-like.ts';
import type { Parameters } from './parameters.ts';
import type { Physical } from './physical-columns.ts';

/** What a comparison with null is. */
const NEITHER = 'CAST(NULL AS BOOLEAN)';

export function isTime(type: ColumnType): boolean {
  return type === 'date' || type === 'timestamp';
}

/** Compiles a condition to SQL, in parentheses if it needs them. */
export function compileCondition(condition: Condition, physical: Physical, parameters: Parameters): string {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.conditions.map((part) => compileCondition(part, physical, parameters));
      return `(${parts.join(condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `(NOT ${compileCondition(condition.condition, physical, parameters)})`;
    case 'is_null':
      return `(${operandSql(condition.operand, physical)} IS NULL)`;
    case 'compare': {
      const { operand, op, value } = condition;
      if (isUnknown(operand)) return NEITHER;
      return `(${operandSql(operand, physical)} ${op} ${parameters.bind(value, boundType(operand))})`;
    }
    case 'in': {
      const { operand, values } = condition;
      if (isUnknown(operand)) return NEITHER;
      const bound = values.map((value) => parameters.bind(value, boundType(operand)));
      return `(${operandSql(operand, physical)} IN (${bound.join(', ')}))`;
    }
    case 'like':
      if (isUnknown(condition.operand)) return NEITHER;
      return compileLike(operandSql(condition.operand, physical), condition.pattern, parameters);
  }
}

/** A column without values has no type that a value could be converted to. */
function isUnknown(operand: Operand): boolean {
  return (operand.kind === 'column' ? operand.column.type : operand.type) === 'unknown';
}

function operandSql(operand: Operand, physical: Physical): string {
  return operand.kind === 'column' ? physical(operand.column) : `o${operand.index}`;
}

/** The type of a value compared with the operand. Times of the result are microseconds. */
function boundType(operand: Operand): ColumnType {
  if (operand.kind === 'column') return operand.column.type;
  return isTime(operand.type) ? 'integer' : operand.type;
}
