import { StorageFailure, type StorageFailureReason } from '../../model/storage-failure.ts';

/** Codes of ClickHouse's exceptions (src/Common/ErrorCodes.cpp) that Thena reacts to. */
const REASONS: Readonly<Partial<Record<number, StorageFailureReason>>> = {
  243: 'no_space', // NOT_ENOUGH_SPACE
  241: 'out_of_memory', // MEMORY_LIMIT_EXCEEDED
  173: 'out_of_memory', // CANNOT_ALLOCATE_MEMORY
  307: 'out_of_memory', // TOO_MANY_BYTES: of what does not fit into memory
  159: 'cancelled', // TIMEOUT_EXCEEDED: the deadline of a query
  74: 'io_error', // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75: 'io_error', // CANNOT_WRITE_TO_FILE_DESCRIPTOR
  76: 'io_error', // CANNOT_OPEN_FILE
  204: 'io_error', // CANNOT_FSYNC
  3: 'unavailable', // UNEXPECTED_END_OF_FILE
  32: 'unavailable', // ATTEMPT_TO_READ_AFTER_EOF: another shard died during a query
  33: 'unavailable', // CANNOT_READ_ALL_DATA: the same
  102: 'unavailable', // UNEXPECTED_PACKET_FROM_SERVER
  164: 'unavailable', // READONLY: the user may not write at present
  194: 'unavailable', // REQUIRED_PASSWORD: what the user `default` gets for a wrong one
  198: 'unavailable', // DNS_ERROR
  201: 'unavailable', // QUOTA_EXCEEDED: of the user, for some time
  202: 'unavailable', // TOO_MANY_SIMULTANEOUS_QUERIES
  203: 'unavailable', // NO_FREE_CONNECTION
  209: 'unavailable', // SOCKET_TIMEOUT
  210: 'unavailable', // NETWORK_ERROR
  216: 'unavailable', // QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: a proxy has repeated a request
  225: 'unavailable', // NO_ZOOKEEPER
  236: 'unavailable', // ABORTED: the server is stopping
  242: 'unavailable', // TABLE_IS_READ_ONLY
  244: 'unavailable', // UNEXPECTED_ZOOKEEPER_ERROR
  252: 'unavailable', // TOO_MANY_PARTS
  254: 'unavailable', // NO_ACTIVE_REPLICAS
  279: 'unavailable', // ALL_CONNECTION_TRIES_FAILED
  285: 'unavailable', // TOO_FEW_LIVE_REPLICAS
  286: 'unavailable', // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319: 'unavailable', // UNKNOWN_STATUS_OF_INSERT
  341: 'unavailable', // UNFINISHED: on some replica
  364: 'unavailable', // RECEIVED_ERROR_TOO_MANY_REQUESTS
  394: 'unavailable', // QUERY_WAS_CANCELLED, by someone else
  395: 'unavailable', // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: the attempt has ended, or the records are stored
  439: 'unavailable', // CANNOT_SCHEDULE_TASK: no thread is free
  473: 'unavailable', // DEADLOCK_AVOIDED: a lock was not free in time
  497: 'unavailable', // ACCESS_DENIED
  499: 'unavailable', // S3_ERROR: of the disk of the tables
  516: 'unavailable', // AUTHENTICATION_FAILED
  692: 'unavailable', // TOO_MANY_MUTATIONS
  700: 'unavailable', // USER_SESSION_LIMIT_EXCEEDED
  734: 'unavailable', // QUERY_WAS_CANCELLED_BY_CLIENT
  745: 'unavailable', // SERVER_OVERLOADED
  749: 'unavailable', // TCP_CONNECTION_LIMIT_REACHED
  762: 'unavailable', // HTTP_CONNECTION_LIMIT_REACHED
  999: 'unavailable', // KEEPER_EXCEPTION
};

/** CANNOT_PARSE_…, CANNOT_READ_ALL_DATA, INCORRECT_DATA and the like: a record of the input is no row. */
const MISFITS: ReadonlySet<number> = new Set([6, 25, 26, 27, 32, 33, 34, 38, 41, 53, 69, 70, 72, 117, 321, 467, 675]);

const UNKNOWN_TABLE = 60;
const THROW_IF = 395;
const ALL_CONNECTION_TRIES_FAILED = 279;

/** `query` takes as much memory as its rows and groups need; `insert` reads records; the memory of all others is small. */
export type StatementKind = 'query' | 'insert' | 'other';

/** A ClickHouse server answered a statement with an exception. */
export class ClickhouseException extends StorageFailure {
  /** See src/Common/ErrorCodes.cpp. */
  readonly code: number;

  /** @param kind of the statement; an error in the records of an insert is `rows_do_not_fit` */
  constructor(shard: string, code: number, message: string, kind: StatementKind) {
    const isMisfit = kind === 'insert' && MISFITS.has(code);
    // The message of a misfit quotes the record, and is for the log.
    const cause = isMisfit ? `a record does not fit (code ${code})` : causeOf(code, message);
    super(isMisfit ? 'rows_do_not_fit' : reasonOf(code, message, kind), `ClickHouse ${shard}: ${cause}`);
    this.code = code;
  }
}

/** The first line; of connections that failed, also the others: each is about a server. */
function causeOf(code: number, message: string): string {
  return code === ALL_CONNECTION_TRIES_FAILED ? message.replaceAll(/\s+/g, ' ') : (message.split('\n', 1)[0] ?? '');
}

function reasonOf(code: number, message: string, kind: StatementKind): StorageFailureReason {
  if (/errno: 28\b|No space left on device/.test(message)) return 'no_space';
  const reason = REASONS[code] ?? 'failed';
  if (kind === 'query') return reason;
  // An amount that is known before: others have taken the memory. And only queries have a deadline that is their own.
  return reason === 'out_of_memory' || reason === 'cancelled' ? 'unavailable' : reason;
}

/** What proxies answer while the server is away, or has too much to do. */
const AWAY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The failure of a request whose answer is no result. @param code of ClickHouse's exception; null: none was named */
export function refused(
  shard: string,
  status: number,
  code: number | null,
  message: string,
  kind: StatementKind,
): StorageFailure {
  if (code !== null || !AWAY.has(status)) return new ClickhouseException(shard, code ?? 0, message, kind);
  return new StorageFailure('unavailable', `ClickHouse ${shard} does not answer: a proxy answered ${status} for it`);
}

/** The failure of a request that a server did not answer. */
export function unanswered(shard: string, error: unknown, signal: AbortSignal | undefined): StorageFailure {
  if (error instanceof StorageFailure) return error;
  if (signal?.aborted) return new StorageFailure('cancelled', `a statement for ClickHouse ${shard} was cancelled`);
  const message = error instanceof Error ? error.message : String(error);
  return new StorageFailure('unavailable', `ClickHouse ${shard} does not answer: ${message}`, {}, { cause: error });
}

/** Whether a statement failed because a table does not exist, on this server or on another one that it asked. */
export function isMissingTable(error: unknown): boolean {
  if (!(error instanceof ClickhouseException)) return false;
  if (error.code === UNKNOWN_TABLE) return true;
  return error.code === ALL_CONNECTION_TRIES_FAILED && error.message.includes('There is no table');
}

/** Whether a statement refused to run, because of a condition in it. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ClickhouseException && error.code === THROW_IF;
}
