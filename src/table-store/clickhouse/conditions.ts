import type { ColumnType } from '../../model/columns.ts';
import type { Comparison, PlanValue } from '../query-plan.ts';
import { isText, type LikePart, likePattern } from '../sql/like-parts.ts';
import type { Parameters } from '../sql/parameters.ts';
import { listPlaceholders, placeholder } from './placeholder.ts';

/** A comparison in which NaN is equal to itself, and greater than every other number. ClickHouse's are those of IEEE 754. */
export function compare(
  operand: string,
  op: Comparison,
  value: PlanValue,
  type: ColumnType,
  parameters: Parameters,
): string {
  if (Number.isNaN(value)) return comparedWithNaN(operand, op);
  // ClickHouse may search several such values in a set, which compares bits, so that 0 is not -0.
  const found = value === 0 && (op === '=' || op === '!=') ? `(${operand} + 0.)` : operand;
  const compared = `(${found} ${op} ${placeholder(parameters, value, type)})`;
  return type === 'number' && op.startsWith('>') ? `(${compared} OR isNaN(${operand}))` : compared;
}

function comparedWithNaN(operand: string, op: Comparison): string {
  const nan = `isNaN(${operand})`;
  switch (op) {
    case '=':
    case '>=':
      return nan;
    case '!=':
    case '<':
      return `(NOT ${nan})`;
    // Always or never, but null if the operand is null.
    case '<=':
      return `(${nan} >= 0)`;
    case '>':
      return `(${nan} < 0)`;
  }
}

export function isIn(operand: string, values: readonly PlanValue[], type: ColumnType, parameters: Parameters): string {
  const listed = values.filter((value) => !Number.isNaN(value));
  // A set compares bits, so that 0 is not -0.
  const [found, list] =
    type === 'number' ? [`(${operand} + 0.)`, listed.map((value) => (value as number) + 0)] : [operand, listed];
  const conditions = listPlaceholders(parameters, list, type).map((each) => `${found} IN ${each}`);
  const nan = values.some((value) => Number.isNaN(value)) ? [`isNaN(${operand})`] : [];
  return `(${[...conditions, ...nan].join(' OR ')})`;
}

/** Compiles `like` to functions that search for a text where there is only one, or to a regular expression. */
export function like(operand: string, parts: readonly LikePart[], parameters: Parameters): string {
  const bind = (text: string) => placeholder(parameters, text, 'text');
  const [first, second, third] = parts;
  if (parts.length === 0) return `(${operand} = ${bind('')})`;
  if (parts.length === 1) {
    if (first === '%') return `startsWith(${operand}, ${bind('')})`;
    if (isText(first)) return `(${operand} = ${bind(first.text)})`;
  }
  if (parts.length === 2) {
    if (isText(first) && second === '%') return `startsWith(${operand}, ${bind(first.text)})`;
    if (first === '%' && isText(second)) return `endsWith(${operand}, ${bind(second.text)})`;
  }
  if (parts.length === 3 && first === '%' && isText(second) && third === '%') {
    return `(position(${operand}, ${bind(second.text)}) > 0)`;
  }
  // RE2 runs in linear time, whatever the pattern. A dot matches line feeds as well.
  return `match(${operand}, ${bind(`^${likePattern(parts)}$`)})`;
}
