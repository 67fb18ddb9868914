import type { Comparison, Condition, Operand } from '../table-store/query-plan.ts';
import { readIntegerBound, readValue } from './read-value.ts';
import type { RequestPart } from './request-part.ts';

const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='] as const;
const OPERATORS = [...COMPARISONS, 'between', 'in', 'like', 'is null', 'is not null'] as const;
const MAX_DEPTH = 20;
const MAX_CONDITIONS = 500;
/** Values per list, and in all lists of a condition: more take seconds just to prepare. */
const MAX_VALUES = 1000;
const MAX_VALUES_IN_ALL = 10_000;
const MAX_PATTERN_LENGTH = 1000;
/** The engine matches all patterns against two thousand values before it checks for a cancellation. */
const MAX_PATTERNS = 100;

/** Finds the operand with a name. @throws Problem if there is none */
export type FindOperand = (name: RequestPart) => Operand;

/** Reads a condition of a request. @throws Problem query_invalid, column_unsuitable, value_invalid; whatever `find` throws */
export function planCondition(request: RequestPart, find: FindOperand): Condition {
  let conditions = 0;
  let values = 0;
  let patterns = 0;
  const read = (part: RequestPart, depth: number): Condition => {
    if (depth > MAX_DEPTH)
      throw part.problem('query_invalid', `Conditions are nested more than ${MAX_DEPTH} levels deep.`);
    if (++conditions > MAX_CONDITIONS) {
      throw part.problem('query_invalid', `The query has more than ${MAX_CONDITIONS} conditions.`);
    }
    const members = part.object(['and', 'or', 'not', 'column', 'op', 'value']);
    const { and, or, not, column, op } = members;
    const kinds = [and, or, not, column].filter((each) => each !== undefined);
    const alone = Object.keys(members).length === 1;
    if (kinds.length !== 1 || (column === undefined && !alone)) {
      const detail =
        'A condition has exactly one of: and (an array), or (an array), not (a condition), or column with op and value.';
      throw part.problem('query_invalid', detail);
    }
    const all = (of: RequestPart) => of.array(1, MAX_CONDITIONS).map((each) => read(each, depth + 1));
    if (and) return { kind: 'and', conditions: all(and) };
    if (or) return { kind: 'or', conditions: all(or) };
    if (not) return { kind: 'not', condition: read(not, depth + 1) };
    if (!op) throw part.problem('query_invalid', `Missing op. The operators are: ${OPERATORS.join(', ')}.`);
    const compared = planComparison(part, find(column as RequestPart), op, members.value);
    values += compared.kind === 'in' ? compared.values.length : 0;
    if (values > MAX_VALUES_IN_ALL) {
      throw part.problem('query_invalid', `The lists of "in" have more than ${MAX_VALUES_IN_ALL} values in all.`);
    }
    if (compared.kind === 'like' && ++patterns > MAX_PATTERNS) {
      throw part.problem('query_invalid', `The query has more than ${MAX_PATTERNS} "like" patterns.`);
    }
    return compared;
  };
  return read(request, 1);
}

function planComparison(part: RequestPart, operand: Operand, op: RequestPart, value?: RequestPart): Condition {
  const operator = op.oneOf(OPERATORS);
  if (operator === 'is null' || operator === 'is not null') {
    if (value !== undefined) throw value.problem('query_invalid', `The operator "${operator}" takes no value.`);
    const isNull: Condition = { kind: 'is_null', operand };
    return operator === 'is null' ? isNull : { kind: 'not', condition: isNull };
  }
  if (value === undefined) throw part.problem('query_invalid', `The operator "${operator}" requires a value.`);
  switch (operator) {
    case 'in':
      return {
        kind: 'in',
        operand,
        values: value.array(1, MAX_VALUES).map((each) => readValue(each, typeOf(operand))),
      };
    case 'between': {
      const [low, high] = value.array(2, 2) as [RequestPart, RequestPart];
      return { kind: 'and', conditions: [compare(operand, '>=', low), compare(operand, '<=', high)] };
    }
    case 'like':
      return { kind: 'like', operand, pattern: readPattern(value, operand, op) };
    default:
      return compare(operand, operator, value);
  }
}

function compare(operand: Operand, op: Comparison, value: RequestPart): Condition {
  const type = typeOf(operand);
  const bound = type === 'integer' ? readIntegerBound(value, op) : { op, value: readValue(value, type) };
  return { kind: 'compare', operand, ...bound };
}

function readPattern(value: RequestPart, operand: Operand, op: RequestPart): string {
  const type = typeOf(operand);
  if (type !== 'text' && type !== 'unknown')
    throw op.problem('column_unsuitable', `"like" requires a text column, and this one has the type ${type}.`, {
      nearest: '=',
    });
  const pattern = readValue(value, 'text') as string;
  if (pattern.length > MAX_PATTERN_LENGTH) {
    const detail = `The pattern has ${pattern.length} characters; the maximum is ${MAX_PATTERN_LENGTH}.`;
    throw value.problem('value_invalid', detail);
  }
  if (!/^(?:[^\\]|\\[\\%_])*$/.test(pattern)) {
    throw value.problem('value_invalid', 'In a pattern, a backslash must precede %, _ or another backslash.');
  }
  return pattern;
}

function typeOf(operand: Operand) {
  return operand.kind === 'column' ? operand.column.type : operand.type;
}
