import type { StoredValue } from '../table-store.ts';

/** The least and the greatest finite value of a column in the selected rows; null if there is none. Of times, it may be wider. */
export interface Range {
  readonly least: StoredValue;
  readonly greatest: StoredValue;
}

/** By the name of the column. */
export type Ranges = ReadonlyMap<string, Range>;
