/** The cell that the keyboard is at. */
export interface ActiveCell {
  readonly row: number;
  readonly column: number;
}

/** Where a key leads from a cell; null if it does not move. */
export function movedBy(
  key: string,
  { row, column }: ActiveCell,
  size: { readonly rows: number; readonly columns: number; readonly rowsInView: number },
): ActiveCell | null {
  const at = (toRow: number, toColumn = column): ActiveCell => ({
    row: Math.min(Math.max(0, toRow), size.rows - 1),
    column: Math.min(Math.max(0, toColumn), size.columns - 1),
  });
  switch (key) {
    case 'ArrowDown':
      return at(row + 1);
    case 'ArrowUp':
      return at(row - 1);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'PageDown':
      return at(row + size.rowsInView);
    case 'PageUp':
      return at(row - size.rowsInView);
    case 'Home':
      return at(0);
    case 'End':
      return at(size.rows - 1);
    default:
      return null;
  }
}
