import type { ReceivedFile, UnfinishedReceipt } from '../../catalog/upload.ts';
import { ambiguousTimesWarning, incompletePairsWarning } from '../../csv/values/format-warnings.ts';
import { addValues, type Values } from '../../csv/values/values.ts';
import type { Appended } from '../../table-store/table-store.ts';
import type { FileToLoad } from './file-to-load.ts';
import type { ParsePlan } from './parse-plan.ts';
import { type KeptRecords, storedSentence } from './reject-rows.ts';

/** What became of a file. */
export interface LoadedFile {
  readonly received: ReceivedFile;
  readonly file: FileToLoad;
  readonly plan: ParsePlan;
  readonly rows: number;
  /** Null if every record of the file was loaded. */
  readonly kept: KeptRecords | null;
  readonly ambiguousTimes: Appended['ambiguousTimes'];
  readonly incompleteTimes: Appended['incompleteTimes'];
}

/** The receipt of an upload whose rows are loaded. */
export function receiptOf(loaded: LoadedFile): UnfinishedReceipt {
  const { received, plan, rows, kept } = loaded;
  return {
    rowsInFile: received.records,
    appended: rows,
    rejected: kept?.rejected ?? 0,
    columns: plan.file.columns,
    warnings: [
      ...received.warnings,
      ...headerWarnings(loaded),
      ...plan.warnings,
      ...ambiguousTimeWarnings(loaded),
      ...incompleteTimeWarnings(loaded),
      ...rejectedWarnings(kept),
    ],
    notes: plan.notes,
  };
}

export function ambiguousTimeWarnings({
  ambiguousTimes,
  plan,
}: Pick<LoadedFile, 'ambiguousTimes' | 'plan'>): readonly string[] {
  return plan.file.columns.flatMap(({ name, format }) => {
    const own = ambiguousTimes.filter(({ column }) => column === name);
    const all = own.reduce<Values | null>((sum, { values }) => addValues(sum, values), null);
    const timeZone = format.type === 'timestamp' ? format.timeZone : 'UTC';
    return ambiguousTimesWarning(name, timeZone, all)?.message ?? [];
  });
}

export function incompleteTimeWarnings({
  incompleteTimes,
  plan,
}: Pick<LoadedFile, 'incompleteTimes' | 'plan'>): readonly string[] {
  return plan.file.columns.flatMap(({ combines }) => {
    const warning = combines && incompletePairsWarning([combines.day, combines.clock], incompleteTimes);
    return warning ? [warning.message] : [];
  });
}

function rejectedWarnings(kept: KeptRecords | null): readonly string[] {
  const sentence = kept === null ? '' : storedSentence(kept.rejected, kept.stored).trim();
  return sentence === '' ? [] : [sentence];
}

/** Of the first file: the header may be a row, or the first row the header. */
function headerWarnings({ received, file, plan }: LoadedFile): readonly string[] {
  // If the table has columns of these names, the first line is what it was taken for.
  if (!received.headerGuessed || file.tableColumns !== null) return [];
  const all = received.columns.map((name) => `'${name}'`);
  const names = all.length > MAX_NAMES ? `${all.slice(0, MAX_NAMES).join(', ')}, …` : all.join(', ');
  if (!received.dialect.header)
    return [
      `The first line was taken as a row, and the columns are named ${names}. If it has the names of the columns, undo this upload and send the file with header=true.`,
    ];
  // A file with text columns only may lack a header: then its first row became the column names.
  if (plan.columns.some(({ type }) => type !== 'text' && type !== 'unknown')) return [];
  return [
    `The first line (${names}) was taken as the header, although no column has a type other than text. If it is a row, undo this upload and send the file with header=false.`,
  ];
}

const MAX_NAMES = 10;
