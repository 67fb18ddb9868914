import type { CsvSource } from '../../src/csv/segment.ts';
import type { TableStore } from '../../src/table-store/table-store.ts';

/** An adapter of the table store's port, and what its contract needs. */
export interface StoreUnderTest {
  readonly store: TableStore;
  /** Makes a source from records without a header, one text per segment. */
  source(columns: readonly string[], ...texts: readonly string[]): CsvSource;
  close(): Promise<void>;
}
