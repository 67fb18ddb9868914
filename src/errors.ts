/** What a client is told of one kind of failure. A retired code is never used again for another meaning. */
interface ErrorKind {
  /** HTTP status where a request is refused with it. */
  readonly status: number;
  /** The same for every occurrence; the occurrence itself is told by the problem's `detail`. */
  readonly title: string;
  /** How to mend it. */
  readonly hint: string;
}

/** Every code Thena answers with. `docs/errors.md` holds the same list; a test compares them. */
export const ERRORS = {
  // Requests
  bad_request: { status: 400, title: 'The request cannot be read', hint: 'See /docs for what this call takes.' },
  not_found: { status: 404, title: 'There is nothing at this address', hint: 'See /docs for the calls there are.' },
  method_not_allowed: {
    status: 405,
    title: 'This address does not take this method',
    hint: 'The Allow header names the methods it takes.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is of a kind this call does not take',
    hint: 'Send multipart/form-data to /api/v1/event/, text/csv to /customers/{id}/uploads, application/offset+octet-stream to /tus, and JSON elsewhere.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than this call takes',
    hint: 'Only files may be large: send them to /api/v1/event/ or /api/v1/customers/{id}/uploads.',
  },
  internal_error: {
    status: 500,
    title: 'Thena failed at this request',
    hint: 'Try again. If it stays, look in the log for the request id.',
  },
  engine_unavailable: {
    status: 503,
    title: 'The engine that runs the analysis stopped and is starting again',
    hint: 'Try again in a few seconds.',
  },
  not_ready: {
    status: 503,
    title: 'Thena cannot serve yet',
    hint: 'Try again in a few seconds. If it stays, look in the log.',
  },
  shutting_down: { status: 503, title: 'Thena is stopping', hint: 'Try again when it is up again.' },

  // Who may come in
  key_missing: {
    status: 401,
    title: 'This call needs a key',
    hint: 'Send the header `Authorization: Bearer <key>`.',
  },
  key_invalid: {
    status: 401,
    title: 'The key is not known',
    hint: 'Check that it was copied whole and has not been revoked.',
  },
  key_lacks_right: {
    status: 403,
    title: 'The key does not allow this',
    hint: 'Ask the administrator for a key with this right.',
  },
  host_refused: {
    status: 403,
    title: 'Thena does not answer under this host name',
    hint: 'Use the address Thena printed at start, or name the host in THENA_ALLOWED_HOSTS.',
  },
  origin_refused: {
    status: 403,
    title: 'Requests from pages of other origins are refused',
    hint: 'Without keys, only pages that Thena itself serves may call it.',
  },

  // Customers and tables
  customer_id_missing: {
    status: 400,
    title: 'No customer is named',
    hint: 'Send `customer_id`, as a form field or in the JSON body.',
  },
  customer_id_invalid: {
    status: 400,
    title: 'The customer id is not one',
    hint: 'Use an integer, a UUID, or 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit.',
  },
  customer_not_found: {
    status: 404,
    title: 'There is no such customer',
    hint: 'Upload a file for it first, or create it with POST /api/v1/customers.',
  },
  customer_exists: { status: 409, title: 'The customer exists already', hint: 'Use it, or choose another id.' },
  customer_busy: {
    status: 409,
    title: 'The customer has uploads that have not ended, or is being deleted',
    hint: 'Wait until that is done, then try again.',
  },
  key_not_found: { status: 404, title: 'The customer has no such key', hint: 'List the keys to see their ids.' },
  upload_not_found: { status: 404, title: 'There is no such upload', hint: 'List the uploads to see their ids.' },
  table_empty: {
    status: 409,
    title: 'The customer has no rows yet',
    hint: 'Upload a file, and wait until its status is `complete`.',
  },
  no_time_column: {
    status: 422,
    title: 'The table has no time column',
    hint: 'Ask for total rows (10001), or upload a file with a column of dates or timestamps for another customer.',
  },
  time_column_unknown: {
    status: 422,
    title: 'The declared time column is not a column of times in this file',
    hint: 'Name a column that holds dates or timestamps in every row, or leave time_column out.',
  },
  time_format_unknown: {
    status: 422,
    title: 'The declared time format is not one that Thena reads',
    hint: 'Use one of the formats named, or leave it out: ISO 8601 is always read.',
  },
  analyze_type_missing: {
    status: 400,
    title: 'No analysis is named',
    hint: 'Send `analyze_type`: 10000 (time_difference), 10001 (total_rows) or 10002 (time_span).',
  },
  analyze_type_unknown: {
    status: 422,
    title: 'There is no such analysis',
    hint: 'GET /api/v1/analyze/types lists them.',
  },

  // Analyses that read the table
  query_invalid: {
    status: 422,
    title: 'The query cannot be read',
    hint: '`pointer` names the place in the request; docs/analyses.md shows what can stand there.',
  },
  column_not_found: {
    status: 422,
    title: 'There is no such column',
    hint: '`nearest` is the column whose name is most like it.',
  },
  column_unsuitable: {
    status: 422,
    title: "A column's type does not suit what is asked of it",
    hint: 'Choose a column of another type, or another function or operator.',
  },
  value_invalid: {
    status: 422,
    title: 'A value cannot be compared with the column',
    hint: 'Write it in the form of the type of the column, which docs/analyses.md shows.',
  },
  time_zone_unknown: {
    status: 422,
    title: 'There is no such time zone',
    hint: 'Use a name of the IANA time zone database, such as Europe/Berlin.',
  },
  too_many_groups: {
    status: 422,
    title: 'The buckets of time are too many',
    hint: 'Use longer buckets, or less time.',
  },
  result_too_large: {
    status: 422,
    title: 'The result is larger than one answer may be',
    hint: 'Ask for fewer groups, give a limit, or raise THENA_MAX_RESULT_ROWS.',
  },
  result_out_of_range: {
    status: 422,
    title: 'The result is outside of what can be told',
    hint: 'Infinite or very large values have no deviation, times at the ends of the calendar no bucket: leave them out in where.',
  },
  analysis_timeout: {
    status: 504,
    title: 'The analysis took too long',
    hint: 'Ask for less time or fewer groups, or raise THENA_ANALYSIS_SECONDS.',
  },
  analysis_too_large: {
    status: 422,
    title: 'The analysis needs more memory than there is',
    hint: 'Ask for fewer groups or distinct values, or raise THENA_ENGINE_MEMORY.',
  },
  too_many_analyses: {
    status: 503,
    title: 'Thena computes as many analyses as it can',
    hint: 'Try again after the seconds that Retry-After tells.',
  },
  cursor_outdated: {
    status: 410,
    title: 'The rows are no longer those that the cursor counts',
    hint: 'Begin again without a cursor.',
  },
  table_changed: {
    status: 409,
    title: 'Rows were taken away while they were read',
    hint: 'Ask again: the answer will be of the table as it is now.',
  },
  too_many_exports: {
    status: 503,
    title: 'Thena sends as many exports as it can',
    hint: 'Try again after the seconds that Retry-After tells, or raise THENA_CONCURRENT_EXPORTS.',
  },

  // Uploads: the request
  file_missing: {
    status: 400,
    title: 'No file was sent',
    hint: 'Send the CSV file as the form field `file`, or as the body of PUT /api/v1/customers/{id}/uploads.',
  },
  too_many_files: { status: 400, title: 'More than one file was sent', hint: 'Send one file a request.' },
  upload_option_invalid: { status: 400, title: 'An upload option cannot be used', hint: 'See /docs for its values.' },
  upload_too_large: {
    status: 413,
    title: 'The file is larger than Thena takes',
    hint: 'Send it in parts, or raise THENA_MAX_UPLOAD_BYTES.',
  },
  upload_interrupted: {
    status: 400,
    title: 'The upload ended before all of its bytes had come',
    hint: 'Send the file again.',
  },
  tus_request_invalid: {
    status: 400,
    title: 'The request breaks the protocol tus 1.0',
    hint: 'Send what https://tus.io/protocols/resumable-upload asks for; tus clients do.',
  },
  tus_version_unsupported: {
    status: 412,
    title: 'The request is of a version of tus that Thena does not speak',
    hint: 'Send `Tus-Resumable: 1.0.0`.',
  },
  upload_offset_conflict: {
    status: 409,
    title: 'The bytes do not follow those that have come',
    hint: 'Ask with HEAD how many have come (Upload-Offset), and send from there.',
  },
  upload_locked: {
    status: 423,
    title: 'Another request is sending bytes of this file',
    hint: 'Wait until it has ended, then ask with HEAD how many have come.',
  },
  checksum_mismatch: {
    status: 460,
    title: 'The bytes are not those of the checksum',
    hint: 'Nothing of them was kept. Send them again.',
  },
  server_busy: {
    status: 503,
    title: 'Thena receives as many files as it can',
    hint: 'Try again after the seconds that Retry-After tells.',
  },
  too_many_uploads: {
    status: 429,
    title: 'The customer has too many uploads that wait',
    hint: 'Try again after the seconds that Retry-After tells.',
  },
  queue_full: {
    status: 503,
    title: 'As many bytes wait to be loaded as Thena keeps',
    hint: 'Try again after the seconds that Retry-After tells.',
  },
  upload_too_slow: {
    status: 408,
    title: 'The file comes too slowly',
    hint: 'Send it over a faster line, or compressed.',
  },
  upload_cancelled: {
    status: 409,
    title: 'The upload was cancelled',
    hint: 'Send the file again if it is wanted after all.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'The idempotency key cannot be used',
    hint: 'Use 1 to 255 visible ASCII characters, such as a UUID.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used for something else',
    hint: 'Use a new key for a new file or other options.',
  },
  duplicate_upload: {
    status: 409,
    title: 'The same bytes were uploaded before',
    hint: 'Nothing needs to be done, or send it with duplicates=append to append it once more.',
  },
  upload_not_retryable: {
    status: 409,
    title: 'The upload cannot be tried again',
    hint: 'Only a failed upload can be, while its bytes are kept (`retry_until`). Send the file again.',
  },
  rejects_not_found: {
    status: 404,
    title: 'The upload has no rejected rows',
    hint: 'Its receipt or error says how many rows were rejected.',
  },
  disk_full: {
    status: 507,
    title: 'There is no room for the file',
    hint: 'Free disk space in the data folder, then send it again.',
  },

  // Uploads: the file
  file_empty: { status: 422, title: 'The file is empty', hint: 'Send a CSV file with at least one row.' },
  no_rows: { status: 422, title: 'The file has a header but no rows', hint: 'Send a CSV file with at least one row.' },
  decompression_failed: {
    status: 422,
    title: 'The compressed file is damaged',
    hint: 'Compress it again, or send it as it is.',
  },
  decompression_ratio: {
    status: 413,
    title: 'The compressed file holds far more than a file of rows would',
    hint: 'Send it as it is, or compressed in parts.',
  },
  not_csv: { status: 415, title: 'The file is not CSV text', hint: 'Export it as CSV, then send that.' },
  invalid_encoding: {
    status: 422,
    title: 'The file has bytes that are not text in its encoding',
    hint: 'Save it as UTF-8, or name its encoding with the option `encoding`, such as encoding=windows-1252.',
  },
  too_many_columns: {
    status: 422,
    title: 'The file has more columns than a table may have',
    hint: 'Leave columns out, or raise THENA_MAX_COLUMNS.',
  },
  duplicate_column: { status: 422, title: 'Two columns have the same name', hint: 'Rename one of them.' },
  column_name_invalid: {
    status: 422,
    title: 'A column name cannot be used',
    hint: 'Use 1 to 255 characters without control characters; names must not begin with _thena_.',
  },
  columns_differ: {
    status: 422,
    title: "The file's columns are not the table's",
    hint: 'Send a file with the columns of the table, in any order, or use another customer id.',
  },
  record_too_long: {
    status: 422,
    title: 'A record is longer than Thena reads',
    hint: 'Look for a quote that is opened and never closed.',
  },
  quote_not_closed: {
    status: 422,
    title: 'A quote is opened and never closed',
    hint: 'Close it, or double the quotes that belong to the text.',
  },
  text_after_quote: {
    status: 422,
    title: 'A quoted field goes on after its closing quote',
    hint: 'Double the quotes that belong to the text, or take away what follows the closing quote.',
  },
  stray_carriage_return: {
    status: 422,
    title: 'A carriage return stands inside a field that is not quoted',
    hint: 'Quote the field, or end every line in the same way.',
  },
  rows_rejected: {
    status: 422,
    title: 'Some rows do not fit the table',
    hint: 'Mend the rows that GET /api/v1/uploads/{id}/rejects tells and send the file again, or retry it with on_error=skip.',
  },
  file_crashed_reader: {
    status: 422,
    title: 'Reading the file stopped the engine, twice',
    hint: 'Please report it, with the file if you can: no file should do that.',
  },
  count_mismatch: {
    status: 500,
    title: 'Two independent counts of the rows differ, so nothing was kept',
    hint: 'Please report it, with the file if you can. Quoting every field may help.',
  },
  ingest_failed: {
    status: 500,
    title: 'Thena failed at loading the file',
    hint: 'Send it again. If it stays, look in the log for the upload id.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * A failure that a client is told, with what is wrong this time.
 *
 * `detail` is one or two whole sentences about this occurrence; `extra` becomes further members of the problem document.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, extra: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.extra = extra;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** A problem document (RFC 9457) with Thena's own members `code` and `hint`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly [member: string]: unknown;
}

/** Renders a failure, thrown now or kept in the catalog with an upload that failed, as a problem document. */
export function problemDocument(failure: {
  readonly code: string;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;
}): ProblemDocument {
  const kind: ErrorKind = isErrorCode(failure.code) ? ERRORS[failure.code] : ERRORS.internal_error;
  return {
    ...failure.extra,
    type: `urn:thena:problem:${failure.code}`,
    title: kind.title,
    status: kind.status,
    code: failure.code,
    detail: failure.detail,
    hint: kind.hint,
  };
}
