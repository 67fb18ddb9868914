import type { PhysicalColumn } from '../model/physical-columns.ts';

/** The engine's operations on Parquet files of rows as they are stored (`table-store/table-copies.ts`). */
export interface CopyOperations {
  /**
   * Writes rows to a file: those of several uploads, or a part of one, which is smaller if its texts are long. After the last row, the file is empty.
   */
  copy_out: {
    params: {
      readonly database: string;
      readonly columns: readonly PhysicalColumn[];
      readonly tags: readonly number[];
      /** Of a single upload, the rows to pass over. */
      readonly offset: number;
      /** Of a single upload. */
      readonly maxRows: number;
      /** Maximum size of the texts of a single upload, unless one row exceeds it. */
      readonly maxBytes: number;
      readonly path: string;
    };
    result: { readonly rows: number };
  };
  /** Appends all rows of a file in their order, or none. */
  copy_in: {
    params: { readonly database: string; readonly columns: readonly PhysicalColumn[]; readonly path: string };
    result: { readonly rows: number };
  };
  /**
   * Sums of a file that differ if a value differs, or is in another row. Those of several files add up to those of all rows, in whatever order.
   */
  checksum: {
    params: { readonly columns: readonly PhysicalColumn[]; readonly path: string };
    result: { readonly rows: number; readonly sums: readonly bigint[] };
  };
}
