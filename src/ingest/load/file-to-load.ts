import type { Customer } from '../../catalog/customer.ts';
import type { CsvSegment, CsvSource } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import { matchColumns } from '../../model/match-columns.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';

/** A file with the table that it is loaded into. */
export class FileToLoad {
  readonly feed: SegmentFeed;
  readonly customer: Customer;
  /** The columns of the table if it exists or they were declared; null if this file decides them. */
  readonly tableColumns: readonly ColumnFormat[] | null;
  /** The table's names for the columns of the file, in the order of the file. */
  readonly #names: readonly string[];

  /** @throws Problem columns_differ */
  constructor(feed: SegmentFeed, customer: Customer) {
    this.feed = feed;
    this.customer = customer;
    this.tableColumns = customer.table?.columns ?? customer.declaredColumns;
    this.#names = matchColumns(feed.columns, this.tableColumns);
  }

  /** Whether this file decides the types of the columns, so that no value may be changed by its type ('007' is no number). */
  get decidesTypes(): boolean {
    return this.tableColumns === null;
  }

  source(segments: readonly CsvSegment[]): CsvSource {
    return { dialect: this.feed.dialect, columns: this.#names, segments };
  }
}
