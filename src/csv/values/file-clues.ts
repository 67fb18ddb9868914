import type { ColumnType } from '../../model/columns.ts';
import { type DateOrder, type DecimalMark, NOTHING_SETTLED, type SettledFormat } from '../../model/value-format.ts';
import type { ColumnEvidence } from './column-evidence.ts';
import { provenDecimal } from './decide-number.ts';
import { provenOrder } from './decide-order.ts';
import { declaredColumn, type ValueOptions } from './value-options.ts';
import type { Clues, Proof } from './weigh-clues.ts';

/** A column of the table that the file is for. */
export interface TableColumn {
  readonly name: string;
  /** `unknown`: no file had a value in it. */
  readonly type: ColumnType;
  readonly settled: SettledFormat;
  /**
   * Whether an integer column may become a number column: false if it has integers that a 64-bit float does not keep. The
   * caller may say true, check the integers after a decision with `becomes: 'number'`, and decide again with false.
   */
  readonly mayBecomeNumber: boolean;
  /** Whether the option `widen` may make the column text. */
  readonly mayBecomeText: boolean;
}

export interface FileColumn {
  /** The table's name of the column, if there is a table. */
  readonly name: string;
  /** Of all values of the file, collected with `nullsOf(options)` and the column's declared format. */
  readonly evidence: ColumnEvidence;
}

export interface FileToDecide {
  readonly columns: readonly FileColumn[];
  readonly delimiter: string;
  /** The upload's and its customer's. */
  readonly options: ValueOptions;
  /** Null: the file creates the table. */
  readonly table: readonly TableColumn[] | null;
}

/** What the other columns of a file and of its table say about how one column is written. */
export interface FileClues {
  decimalFor(column: string): Clues<DecimalMark>;
  orderFor(column: string): Clues<DateOrder>;
}

export function cluesOf({ columns, options, table }: FileToDecide): FileClues {
  const settled = new Map((table ?? []).map((column) => [column.name, column.settled]));
  const typeOf = (name: string): ColumnType | null =>
    table?.find((column) => column.name === name)?.type ?? declaredColumn(options, name).type;
  const witnesses = columns.filter(({ name }) => typeOf(name) !== 'text');
  const proofs = <Key extends 'decimal' | 'order'>(
    key: Key,
    proven: (evidence: ColumnEvidence) => SettledFormat[Key],
  ): readonly Proof<NonNullable<SettledFormat[Key]>>[] =>
    witnesses.flatMap(({ name, evidence }) => {
      const style = proven(evidence);
      return style === null
        ? []
        : [{ column: name, style, isNews: (settled.get(name) ?? NOTHING_SETTLED)[key] === null }];
    });
  const decimals = proofs('decimal', provenDecimal);
  const orders = proofs('order', provenOrder);
  const cluesFor = <Key extends 'decimal' | 'order'>(
    key: Key,
    name: string,
    proven: readonly Proof<NonNullable<SettledFormat[Key]>>[],
  ): Clues<NonNullable<SettledFormat[Key]>> => ({
    settled: (settled.get(name) ?? NOTHING_SETTLED)[key] as NonNullable<SettledFormat[Key]> | null,
    otherColumns: proven.filter(({ column }) => column !== name),
    table: [...settled].flatMap(([other, { [key]: style }]) => (other === name || style === null ? [] : [style])),
  });
  return {
    decimalFor: (name) => cluesFor('decimal', name, decimals),
    orderFor: (name) => cluesFor('order', name, orders),
  };
}
