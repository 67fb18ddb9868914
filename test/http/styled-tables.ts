import fc from 'fast-check';
import { type Cell, columnsByKind, type Kind, styles } from '../csv/values/written-files.ts';

const KINDS: readonly Kind[] = ['integer', 'number', 'date', 'timestamp', 'boolean', 'text'];

/** One file of a table whose values are known. */
export interface StyledFile {
  readonly text: string;
  /** The cells of each row. The first column has the number of the row, plainly written. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface StyledTable {
  readonly names: readonly string[];
  readonly kinds: readonly Kind[];
  /** Each may be written in a style of its own. */
  readonly files: readonly StyledFile[];
}

const writings = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  newline: fc.constantFrom('\n', '\r\n'),
  quoteAll: fc.boolean(),
});

/** Tables of known values, which one to three programs have written. */
export const styledTables: fc.Arbitrary<StyledTable> = fc
  .record({
    kinds: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 4 }),
    files: fc.array(fc.record({ style: styles, writing: writings, rows: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    isOneStyle: fc.boolean(),
  })
  .chain(({ kinds, files, isOneStyle }) => {
    const names = ['id', ...kinds.map((kind, index) => `${kind}${index}`)];
    const made = files.map(({ style: own, writing, rows }, number) => {
      const style = isOneStyle ? (files[0]?.style ?? own) : own;
      const columns = fc.tuple(...kinds.map((kind) => columnsByKind(style, rows)[kind]));
      return columns.map((written): StyledFile => {
        const ids = Array.from({ length: rows }, (_, index): Cell => {
          const id = String(100 * (number + 1) + index);
          return { text: id, means: id };
        });
        const cells = ids.map((id, row) => [id, ...written.map((column) => column.cells[row] as Cell)]);
        const lines = [names, ...cells.map((row) => row.map(({ text }) => text))];
        const field = (text: string): string =>
          (writing.quoteAll && text !== '') || text.includes(writing.delimiter) ? `"${text}"` : text;
        const text = lines.map((line) => line.map(field).join(writing.delimiter) + writing.newline).join('');
        return { text, rows: cells };
      });
    });
    return fc.tuple(...made).map((all) => ({ names, kinds, files: all }));
  });
