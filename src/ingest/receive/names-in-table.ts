import { Problem } from '../../errors.ts';
import type { Column } from '../../model/columns.ts';
import { matchColumns } from '../../model/match-columns.ts';

/**
 * @returns the table's names of the file's columns
 * @throws Problem columns_differ
 */
export function namesInTable(columns: readonly string[], table: readonly Column[] | null): readonly string[] {
  if (table === null) return columns;
  const match = matchColumns(columns, table);
  if (match.kind === 'same') return match.names;
  const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
  const difference = [
    match.missing.length > 0 ? `lacks ${quoted(match.missing)}` : '',
    match.unexpected.length > 0 ? `has ${quoted(match.unexpected)}, which the table has not` : '',
  ];
  const names = table.map(({ name }) => name);
  throw new Problem(
    'columns_differ',
    `The file ${difference.filter((part) => part !== '').join(' and ')}. The table's columns are ${quoted(names)}.`,
    { missing: match.missing, unexpected: match.unexpected, table_columns: names },
  );
}
