import type { StorageFailureReason } from '../model/storage-failure.ts';

/** DuckDB's messages, and Node's inside the engine process, for each reason. The first match counts. */
const REASONS: readonly (readonly [StorageFailureReason, RegExp])[] = [
  ['no_space', /No space left on device|Could not write all bytes|\bENOSPC\b|\bEDQUOT\b/i],
  [
    'out_of_memory',
    /^Out of Memory Error|^(IO|FATAL|TransactionContext) Error: .*(failed to (pin|allocate|offload)|could not allocate) (data|block|data block) of size /,
  ],
  ['io_error', /Input\/output error|\bEIO\b/],
  // A record that `read_csv` cannot read, and one that the value parsers reject.
  ['rows_do_not_fit', /^Invalid Input Error: CSV Error|^The record on line \d+ does not fit/],
];

/** A record cannot become a row. */
export class RowDoesNotFit extends Error {
  override readonly name = 'RowDoesNotFit';

  /** @param line on which the record begins */
  constructor(line: number) {
    super(`The record on line ${line} does not fit the table`);
  }
}

/** An error such as a failed fsync, after which DuckDB accepts no more statements, or none for one table file. */
const BROKEN = /^(FATAL|INTERNAL) Error: |^IO Error: (Database|Checkpoint failed for database) .* has been invalidated/;

/** Why DuckDB failed, by its message. */
export function reasonOf(error: unknown): StorageFailureReason {
  const line = firstLine(error);
  return REASONS.find(([, pattern]) => pattern.test(line))?.[0] ?? 'failed';
}

/** Whether DuckDB is unusable after this error, so that its process has to be restarted. */
export function isBroken(error: unknown): boolean {
  return BROKEN.test(firstLine(error));
}

/** Whether a statement failed because a table file has no table. */
export function isMissingTable(error: unknown): boolean {
  return /^Catalog Error: Table with name rows does not exist/.test(firstLine(error));
}

/** Only the first line is DuckDB's own: the lines below may quote rows of a file. */
function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0] ?? '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
