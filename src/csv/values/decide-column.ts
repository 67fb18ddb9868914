import type { ColumnType, LogicalType } from '../../model/columns.ts';
import {
  type DateOrder,
  type DecimalMark,
  NOTHING_SETTLED,
  type SettledFormat,
  type ThousandsMark,
  type ValueFormat,
} from '../../model/value-format.ts';
import { type ColumnEvidence, valuesWhere } from './column-evidence.ts';
import { decideNumber, optionDecimal } from './decide-number.ts';
import { decideOrder } from './decide-order.ts';
import { compileFormat } from './declared-format.ts';
import type { FileClues, FileColumn, FileToDecide, TableColumn } from './file-clues.ts';
import { decimalQuestion, type FormatQuestion, orderQuestion } from './format-questions.ts';
import { type NearlyTyped, nearlyTyped } from './nearly-typed.ts';
import { ANY_ORDER, acceptsReadings, BOOLEAN, HAS_CLOCK, HAS_OFFSET } from './readings.ts';
import { type DeclaredColumn, declaredColumn, widensToText } from './value-options.ts';
import type { Because } from './weigh-clues.ts';

/** How one column of a file is read. */
export interface ColumnDecision {
  readonly name: string;
  readonly format: ValueFormat;
  /** What holds for the table's later files, once this one is committed. */
  readonly settled: SettledFormat;
  /** The type that the table's column takes with this file; null: the one that it has. */
  readonly becomes: LogicalType | null;
  /** Values, null words left out. */
  readonly values: number;
  /** Values that the format does not accept. Local times that do not exist in the time zone come on top. */
  readonly rejected: number;
  /** Why the column is text although most of its values are of another type. */
  readonly nearly: NearlyTyped | null;
}

/** A decision, and what its warnings need to know. */
export interface DecidedColumn {
  readonly decision: ColumnDecision;
  readonly evidence: ColumnEvidence;
  readonly because: Because;
  /** The other column that decided. */
  readonly decidedBy: string | null;
  /** Date orders that fit, too, and give other days. */
  readonly instead: readonly DateOrder[];
  /** The table's type of the column so far. */
  readonly previousType: ColumnType | null;
  readonly question: FormatQuestion | null;
}

type Outcome = Pick<ColumnDecision, 'format'> & {
  readonly settled?: Partial<SettledFormat>;
} & Partial<Pick<DecidedColumn, 'because' | 'decidedBy' | 'instead' | 'question'>>;

const TEXT: Outcome = { format: { type: 'text' } };

interface Column extends FileColumn {
  readonly known: TableColumn | null;
  readonly declared: DeclaredColumn;
  readonly settled: SettledFormat;
  readonly clues: FileClues;
  readonly file: FileToDecide;
}

/** Decides how one column of a file is read. */
export function decideColumn({ name, evidence }: FileColumn, file: FileToDecide, clues: FileClues): DecidedColumn {
  const known = file.table?.find((column) => column.name === name) ?? null;
  const declared = declaredColumn(file.options, name);
  const settled = known?.settled ?? NOTHING_SETTLED;
  const column: Column = { name, evidence, known, declared, settled, clues, file };
  const previousType = known?.type ?? null;
  const type = previousType === null || previousType === 'unknown' ? declared.type : previousType;
  const found = type === null ? newColumn(column) : typedColumn(column, type);
  // Text on request; not what was declared to be of a type.
  const isRequested = widensToText(file.options, name) && declared.type === null && known?.mayBecomeText !== false;
  const mayWiden = isRequested && found.question === undefined;
  const widens = mayWiden && misfits(evidence, found.format) > 0;
  const {
    format,
    because = 'values',
    decidedBy = null,
    instead = [],
    question = null,
    ...more
  } = widens ? TEXT : found;
  return {
    decision: {
      name,
      format,
      settled: { ...settled, ...more.settled },
      becomes: previousType === null || format.type === previousType || format.type === 'unknown' ? null : format.type,
      values: valuesWhere(evidence, () => true)?.count ?? 0,
      rejected: misfits(evidence, format),
      nearly: type === null && format.type === 'text' ? nearlyTyped(evidence, file.options) : null,
    },
    evidence,
    because,
    decidedBy,
    instead,
    previousType,
    question,
  };
}

function misfits(evidence: ColumnEvidence, format: ValueFormat): number {
  const accepts = acceptsReadings(format);
  return valuesWhere(evidence, (readings) => !accepts(readings))?.count ?? 0;
}

/** A column whose type this file decides. */
function newColumn(column: Column): Outcome {
  const { pattern } = column.declared;
  if (pattern !== null) {
    const format = compileFormat(pattern);
    if ('problem' in format || !format.hasDay) return TEXT;
    return times(column, format.hasClock ? 'timestamp' : 'date');
  }
  const kinds = [...column.evidence.values.keys()];
  if (kinds.length === 0) return { format: { type: 'unknown' } };
  if (kinds.every((readings) => (readings & BOOLEAN) !== 0)) return { format: { type: 'boolean' } };
  const areTimes = kinds.every((readings) => (readings & ANY_ORDER) !== 0);
  return numbers(column, null) ?? (areTimes ? times(column, null) : TEXT);
}

function typedColumn(column: Column, type: LogicalType): Outcome {
  switch (type) {
    case 'text':
    case 'boolean':
      return { format: { type } };
    case 'integer':
    case 'number':
      return numbers(column, type) ?? TEXT;
    case 'date':
    case 'timestamp':
      return times(column, type);
  }
}

function numbers(column: Column, type: 'integer' | 'number' | null): Outcome | null {
  const { options, delimiter } = column.file;
  const found = decideNumber(column.evidence, {
    options,
    delimiter,
    type,
    clues: column.clues.decimalFor(column.name),
    mayBecomeNumber: column.known?.mayBecomeNumber === true && column.declared.type === null,
  });
  if (found === null) return null;
  if ('ambiguous' in found) {
    const format: ValueFormat =
      type === 'integer' ? { type, thousands: null } : { type: 'number', decimal: '.', thousands: null };
    return { format, question: decimalQuestion(column.name, found) };
  }
  const { format, because, column: decidedBy } = found;
  const decimal = optionDecimal(options) ?? (format.type === 'number' ? format.decimal : decimalWith(format.thousands));
  return { format, because, decidedBy, settled: found.settles && decimal !== null ? { decimal } : {} };
}

/** The decimal mark of numbers with these thousands marks; null: it may be either. */
function decimalWith(thousands: ThousandsMark | null): DecimalMark | null {
  return thousands === ',' ? '.' : thousands === '.' ? ',' : null;
}

function times(column: Column, type: 'date' | 'timestamp' | null): Outcome {
  const { evidence, name, file, declared, settled } = column;
  const { pattern } = declared;
  const timeZone = declared.timeZone ?? file.options.timeZone ?? settled.timeZone;
  const hasClock = valuesWhere(evidence, (readings) => (readings & HAS_CLOCK) !== 0) !== null;
  const isTimestamp = type === 'timestamp' || (type === null && hasClock);
  const format = (order: DateOrder | null): ValueFormat =>
    isTimestamp ? { type: 'timestamp', order, pattern, timeZone: timeZone ?? 'UTC' } : { type: 'date', order, pattern };
  const isLocal = (readings: number): boolean => (readings & ANY_ORDER) !== 0 && (readings & HAS_OFFSET) === 0;
  const zone = isTimestamp && valuesWhere(evidence, isLocal) !== null ? { timeZone } : {};
  if (pattern !== null) return { format: format(null), settled: zone };
  const found = decideOrder(evidence, {
    option: file.options.order,
    clues: column.clues.orderFor(name),
    isNew: type === null,
  });
  if (found === null) return TEXT;
  if ('ambiguous' in found) return { format: format(null), question: orderQuestion(name, found) };
  const { order, because, column: decidedBy, instead } = found;
  return {
    format: format(order),
    because,
    decidedBy,
    instead,
    settled: found.settles ? { ...zone, order } : zone,
  };
}
