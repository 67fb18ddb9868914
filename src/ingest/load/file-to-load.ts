import type { Customer } from '../../catalog/customer.ts';
import type { TableState } from '../../catalog/table-state.ts';
import type { CsvSegment, CsvSource } from '../../csv/segment.ts';
import type { Column } from '../../model/columns.ts';
import { matchColumns } from '../../model/match-columns.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';

/** A file with the table that it is loaded into. */
export class FileToLoad {
  readonly feed: SegmentFeed;
  readonly customer: Customer;
  /** The time column that the upload declares. */
  readonly givenTimeColumn: string | null;
  /** The table's names for the columns of the file, in the order of the file. */
  readonly #names: readonly string[];
  /** By the path of an irregular segment: the shapes of its regular records. */
  readonly #regularShapes = new Map<string, CsvSegment['shapes']>();

  /** @throws Problem columns_differ */
  constructor(feed: SegmentFeed, customer: Customer, givenTimeColumn: string | null) {
    this.feed = feed;
    this.customer = customer;
    this.givenTimeColumn = givenTimeColumn;
    this.#names = matchColumns(feed.columns, this.tableColumns);
  }

  /** Null: the file creates the table. */
  get table(): TableState | null {
    return this.customer.table;
  }

  /** The columns of the table if it exists or they were declared; null if this file decides them. */
  get tableColumns(): readonly Column[] | null {
    return this.customer.table?.columns ?? this.customer.declaredColumns;
  }

  /** The time column that the upload or its customer declares. */
  get declaredTimeColumn(): string | null {
    return this.givenTimeColumn ?? this.customer.declaredTimeColumn;
  }

  source(segments: readonly CsvSegment[]): CsvSource {
    const known = segments.map((segment) => {
      const shapes = this.#regularShapes.get(segment.path);
      return shapes === undefined ? segment : { ...segment, shapes };
    });
    return { dialect: this.feed.dialect, columns: this.#names, segments: known };
  }

  /** Notes what is known of the records of a segment that have as many fields as there are columns. */
  noteRegularShapes({ path }: CsvSegment, shapes: CsvSegment['shapes']): void {
    this.#regularShapes.set(path, shapes);
  }
}
