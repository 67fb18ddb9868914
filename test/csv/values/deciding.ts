import { EvidenceCollector } from '../../../src/csv/values/column-evidence.ts';
import { decideFormats, type FormatDecision } from '../../../src/csv/values/decide-formats.ts';
import type { TableColumn } from '../../../src/csv/values/file-clues.ts';
import { declaredColumn, NO_OPTIONS, nullsOf, type ValueOptions } from '../../../src/csv/values/value-options.ts';
import type { ColumnType } from '../../../src/model/columns.ts';
import type { SettledFormat, ValueFormat } from '../../../src/model/value-format.ts';

/** Columns of a file: their texts in the order of its lines. */
export type Texts = Readonly<Record<string, readonly (string | null)[]>>;

interface More {
  readonly options?: Partial<ValueOptions>;
  readonly delimiter?: string;
  readonly table?: readonly TableColumn[] | null;
}

/** Decides a file whose first row is on line 2. */
export function decide(texts: Texts, { options, delimiter = ',', table = null }: More = {}): FormatDecision {
  const all: ValueOptions = { ...NO_OPTIONS, ...options };
  const columns = Object.entries(texts).map(([name, values]) => {
    const collector = new EvidenceCollector(nullsOf(all), declaredColumn(all, name).pattern);
    for (const [index, text] of values.entries()) collector.add(text, index + 2);
    return { name, evidence: collector.evidence };
  });
  return decideFormats({ columns, delimiter, options: all, table });
}

/** The format of the only column of a file. */
export function formatOf(values: readonly (string | null)[], more: More = {}): ValueFormat {
  const { columns, questions } = decide({ a: values }, more);
  if (questions[0]) throw new Error(questions[0].message);
  return columns[0]?.format as ValueFormat;
}

export function tableColumn(
  name: string,
  type: ColumnType,
  settled: Partial<SettledFormat> = {},
  mayBecomeNumber = true,
): TableColumn {
  const nothing = { decimal: null, order: null, timeZone: null };
  return { name, type, settled: { ...nothing, ...settled }, mayBecomeNumber, mayBecomeText: true };
}

/** The codes of the warnings, notes left out. */
export function warningCodes({ warnings }: FormatDecision): readonly string[] {
  return warnings.filter(({ isNote }) => !isNote).map(({ code }) => code);
}
