import pg from 'pg';
import { Problem } from '../../errors.ts';

/** The connection was lost, or none could be made. Without a transaction, the statement may have been executed. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** All connections of the pool were in use for too long, by calls that wait for the server or for each other. Nothing was sent. */
export class NoFreeConnection extends Error {
  override readonly name = 'NoFreeConnection';
}

/** The transaction certainly changed nothing, and can be repeated. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
}

/** Nobody knows yet whether the transaction was committed. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** SQLSTATEs: postgresql.org/docs/current/errcodes-appendix.html */
const CONFLICTS: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  // A row was deleted between the check and the reference to it: the next check finds that it is gone.
  '23503', // foreign_key_violation
  // Two transactions inserted the same row at the same time: the next check finds it.
  '23505', // unique_violation
]);
const DISK_FULL = '53100';
/** Of a server that starts, stops, has no connection left, or has become a standby. Or it is overloaded. */
const UNAVAILABLE = /^(?:08...|57P0.|53[023]..|25006|25P03|57014|55P03)$/;
/** Afterwards the server has closed the connection, or is no longer one to write to. */
const CONNECTION_ENDED = /^(?:08...|57P0.|25006|25P03)$/;

/** What a failed call means for the next step. */
export type Verdict =
  /** Another transaction was in the way. */
  'conflict' | 'unavailable' | 'unknown_outcome' | 'final';

export function verdictOn(error: unknown): Verdict {
  if (error instanceof NotCommitted || error instanceof ConnectionLost || error instanceof NoFreeConnection) {
    return 'unavailable';
  }
  if (error instanceof OutcomeUnknown) return 'unknown_outcome';
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return 'final';
  if (CONFLICTS.has(error.code)) return 'conflict';
  return UNAVAILABLE.test(error.code) ? 'unavailable' : 'final';
}

/**
 * Translates what `pg` throws for a connection or a statement: what is not an answer of the server means that the connection is lost.
 */
export function translated(error: unknown): Error {
  if (!(error instanceof pg.DatabaseError)) {
    return new ConnectionLost('The connection to the catalog database was lost.', { cause: error });
  }
  if (error.code === DISK_FULL) {
    const detail = 'The disk of the catalog database is full. The catalog was not changed.';
    return new Problem('disk_full', detail, {}, { cause: error });
  }
  return error;
}

/** Whether a connection cannot be used after this error of {@link translated}. */
export function endsConnection(error: Error): boolean {
  return (
    error instanceof ConnectionLost ||
    (error instanceof pg.DatabaseError && error.code !== undefined && CONNECTION_ENDED.test(error.code))
  );
}
