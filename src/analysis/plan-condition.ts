import type { Comparison, Condition, Operand } from '../table-store/query-plan.ts';
import { readIntegerBound, readValue } from './read-value.ts';
import type { RequestPart } from './request-part.ts';

const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='] as const;
const OPERATORS = [...COMPARISONS, 'between', 'in', 'like', 'is null', 'is not null'] as const;
const MOST_DEPTH = 20;
const MOST_PARTS = 500;
/** Values of one list, and of all lists of a condition: more take seconds to prepare alone. */
const MOST_VALUES = 1000;
const MOST_VALUES_IN_ALL = 10_000;
const MOST_PATTERN = 1000;
/** Patterns are held against two thousand texts before the engine sees that it was cancelled. */
const MOST_PATTERNS = 100;

/** Finds what a name means here. @throws Problem where it means nothing */
export type FindOperand = (name: RequestPart) => Operand;

/** Reads a condition of a request. @throws Problem query_invalid, value_invalid, and whatever `find` throws */
export function planCondition(request: RequestPart, find: FindOperand): Condition {
  let parts = 0;
  let values = 0;
  let patterns = 0;
  const read = (part: RequestPart, depth: number): Condition => {
    if (depth > MOST_DEPTH)
      throw part.problem('query_invalid', `Conditions stand within each other ${MOST_DEPTH} deep.`);
    if (++parts > MOST_PARTS) throw part.problem('query_invalid', `There are more than ${MOST_PARTS} conditions.`);
    const members = part.object(['and', 'or', 'not', 'column', 'op', 'value']);
    const { and, or, not, column, op } = members;
    const kinds = [and, or, not, column].filter((each) => each !== undefined);
    const alone = Object.keys(members).length === 1;
    if (kinds.length !== 1 || (column === undefined && !alone)) {
      const detail =
        'It must have one of: and (an array), or (an array), not (a condition), or column with op and value.';
      throw part.problem('query_invalid', detail);
    }
    const all = (of: RequestPart) => of.array(1, MOST_PARTS).map((each) => read(each, depth + 1));
    if (and) return { kind: 'and', conditions: all(and) };
    if (or) return { kind: 'or', conditions: all(or) };
    if (not) return { kind: 'not', condition: read(not, depth + 1) };
    if (!op) throw part.problem('query_invalid', `It has no op; there are ${OPERATORS.join(', ')}.`);
    const compared = planComparison(part, find(column as RequestPart), op, members.value);
    values += compared.kind === 'in' ? compared.values.length : 0;
    if (values > MOST_VALUES_IN_ALL) {
      throw part.problem('query_invalid', `There are more than ${MOST_VALUES_IN_ALL} values in the lists of "in".`);
    }
    if (compared.kind === 'like' && ++patterns > MOST_PATTERNS) {
      throw part.problem('query_invalid', `There are more than ${MOST_PATTERNS} patterns of "like".`);
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
  if (value === undefined) throw part.problem('query_invalid', `The operator "${operator}" needs a value.`);
  switch (operator) {
    case 'in':
      return {
        kind: 'in',
        operand,
        values: value.array(1, MOST_VALUES).map((each) => readValue(each, typeOf(operand))),
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
  if (type !== 'text')
    throw op.problem('column_unsuitable', `"like" asks about texts, and the column's type is ${type}.`, {
      nearest: '=',
    });
  const pattern = readValue(value, 'text') as string;
  if (pattern.length > MOST_PATTERN) {
    throw value.problem('value_invalid', `The pattern has ${pattern.length} characters; it may have ${MOST_PATTERN}.`);
  }
  if (!/^(?:[^\\]|\\[\\%_])*$/.test(pattern)) {
    throw value.problem('value_invalid', 'A backslash stands before %, _ or a backslash; write two for one.');
  }
  return pattern;
}

function typeOf(operand: Operand) {
  return operand.kind === 'column' ? operand.column.type : operand.type;
}
