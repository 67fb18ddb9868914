/** One kind of error, as clients see it. A retired code is never reused with another meaning. */
interface ErrorKind {
  /** HTTP status of a response with this error. */
  readonly status: number;
  /** The same for every occurrence; the `detail` of the problem describes the occurrence. */
  readonly title: string;
  /** How to fix it. */
  readonly hint: string;
}

/** Every error code of the API. `docs/errors.md` has the same list; a test compares them. */
export const ERRORS = {
  // Requests
  bad_request: { status: 400, title: 'Invalid request', hint: 'Check the request against the API reference at /docs.' },
  not_found: { status: 404, title: 'Not found', hint: 'See the API reference at /docs.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', hint: 'Use one of the methods in the Allow header.' },
  expectation_failed: {
    status: 417,
    title: 'Expectation not supported',
    hint: 'Remove the header Expect, or send `Expect: 100-continue`.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported content type',
    hint: 'Send multipart/form-data to /api/v1/event/, text/csv to /api/v1/customers/{id}/uploads, application/offset+octet-stream to /api/v1/tus, and application/json everywhere else.',
  },
  body_too_large: {
    status: 413,
    title: 'Request body too large',
    hint: 'Only uploads may be large. Send files to /api/v1/event/ or /api/v1/customers/{id}/uploads.',
  },
  internal_error: {
    status: 500,
    title: 'Internal server error',
    hint: 'Retry the request. If the problem persists, search the log for the request ID.',
  },
  catalog_unavailable: {
    status: 503,
    title: 'The catalog database is unavailable',
    hint: 'Retry after the delay in the Retry-After header. An upload is repeated safely with the same Idempotency-Key.',
  },
  engine_unavailable: { status: 503, title: 'The query engine is restarting', hint: 'Retry in a few seconds.' },
  tables_unavailable: {
    status: 503,
    title: 'Tables unavailable',
    hint: 'Retry after the delay in the Retry-After header. Uploads are accepted meanwhile, and loaded later.',
  },
  not_ready: {
    status: 503,
    title: 'The server is not ready',
    hint: 'Retry in a few seconds. If the problem persists, check the log.',
  },
  shutting_down: { status: 503, title: 'The server is shutting down', hint: 'Retry once the server has restarted.' },

  // Access
  key_missing: {
    status: 401,
    title: 'API key required',
    hint: 'Send the header `Authorization: Bearer <key>`, or the key as the password of `Authorization: Basic`.',
  },
  key_invalid: {
    status: 401,
    title: 'Invalid API key',
    hint: 'Check that the key is complete, or ask for a new one.',
  },
  session_ended: {
    status: 401,
    title: 'Session ended',
    hint: 'Open a new session with POST /api/v1/session, or send the header `Authorization: Bearer <key>`.',
  },
  key_lacks_right: {
    status: 403,
    title: 'Permission denied',
    hint: 'Ask the administrator for a key with this permission.',
  },
  host_refused: {
    status: 403,
    title: 'Host name not allowed',
    hint: 'Use the address that Thena printed at startup, or add the host name to THENA_ALLOWED_HOSTS.',
  },
  origin_refused: {
    status: 403,
    title: 'Cross-origin request refused',
    hint: 'Only pages served by Thena may call the API without a key. Other pages must send `Authorization: Bearer <key>`, which requires THENA_ADMIN_KEY.',
  },

  // Customers and tables
  customer_id_missing: {
    status: 400,
    title: 'Missing customer ID',
    hint: 'Send `customer_id` as a form field or in the JSON body.',
  },
  customer_id_invalid: {
    status: 400,
    title: 'Invalid customer ID',
    hint: 'Use an integer, a UUID, or 1 to 64 characters of a-z, 0-9, _ and -, starting with a letter or digit.',
  },
  customer_not_found: {
    status: 404,
    title: 'Customer not found',
    hint: 'Check the ID. A customer is created with POST /api/v1/customers, or by its first upload if no API keys are required.',
  },
  customer_exists: {
    status: 409,
    title: 'Customer already exists',
    hint: 'Use the existing customer or choose another ID.',
  },
  customer_busy: {
    status: 409,
    title: 'Customer busy',
    hint: 'Wait until its uploads or its deletion have finished, then retry.',
  },
  key_not_found: { status: 404, title: 'API key not found', hint: "List the customer's keys to see their IDs." },
  webhook_not_found: {
    status: 404,
    title: 'Webhook not found',
    hint: "List the customer's webhooks to see their IDs.",
  },
  webhook_url_invalid: {
    status: 422,
    title: 'Invalid webhook URL',
    hint: 'Use an http or https URL of at most 2,000 characters, without a user name, a password or a fragment.',
  },
  webhook_address_refused: {
    status: 422,
    title: 'Webhook address not allowed',
    hint: 'Use a public address. To allow private addresses, set THENA_WEBHOOK_PRIVATE_ADDRESSES=allow on the server.',
  },
  too_many_webhooks: { status: 409, title: 'Too many webhooks', hint: 'Delete a webhook of the customer first.' },
  upload_not_found: { status: 404, title: 'Upload not found', hint: "List the customer's uploads to see their IDs." },
  table_empty: {
    status: 409,
    title: 'The table is empty',
    hint: 'Upload a file and wait until its status is `complete`.',
  },
  no_time_column: {
    status: 422,
    title: 'The table has no time column',
    hint: 'Request total_rows (10001) instead, or upload a file with a date or timestamp column to another customer.',
  },
  time_column_unknown: {
    status: 422,
    title: 'Invalid time column',
    hint: 'Name a column that contains only dates or timestamps, or one of days and one of times of day (`Date+Time`), or omit `time_column`.',
  },
  time_column_conflict: {
    status: 422,
    title: 'Another time column',
    hint: 'Omit `time_column`. To change it, undo the uploads of the customer and send the files again, or use another customer ID.',
  },
  time_format_unknown: {
    status: 422,
    title: 'Unsupported time format',
    hint: 'Use the listed directives, or omit `format`. ISO 8601 is always accepted.',
  },
  analyze_type_missing: {
    status: 400,
    title: 'Missing analysis type',
    hint: 'Send `analyze_type` or `query`. GET /api/v1/analyze/types lists the types.',
  },
  analyze_type_unknown: {
    status: 422,
    title: 'Unknown analysis type',
    hint: 'GET /api/v1/analyze/types lists the types.',
  },

  // Analyses
  query_invalid: {
    status: 422,
    title: 'Invalid query',
    hint: '`pointer` is the location of the error in the request. See docs/analyses.md for the syntax.',
  },
  column_not_found: {
    status: 422,
    title: 'Column not found',
    hint: '`nearest` is the column with the most similar name.',
  },
  column_unsuitable: {
    status: 422,
    title: 'Unsuitable column type',
    hint: 'Use a column of another type, or another function or operator.',
  },
  value_invalid: {
    status: 422,
    title: 'Invalid value',
    hint: "Write the value in the JSON form of the column's type, as described in docs/analyses.md.",
  },
  time_zone_unknown: {
    status: 422,
    title: 'Unknown time zone',
    hint: 'Use a name from the IANA time zone database, such as Europe/Berlin.',
  },
  too_many_groups: { status: 422, title: 'Too many groups', hint: 'Use longer buckets or a shorter time range.' },
  result_too_large: {
    status: 422,
    title: 'Result too large',
    hint: 'Request fewer groups, set a `limit`, or raise THENA_MAX_RESULT_ROWS.',
  },
  result_out_of_range: {
    status: 422,
    title: 'Result out of range',
    hint: 'Exclude infinite and extreme values with `where`. They have no standard deviation, and times at the ends of the calendar have no bucket.',
  },
  analysis_timeout: {
    status: 504,
    title: 'Analysis timed out',
    hint: 'Narrow the time range, request fewer groups, or raise THENA_ANALYSIS_SECONDS.',
  },
  // Not 504, which monitoring counts as a failure of the server; nor 499, which is not registered. As `upload_cancelled`.
  analysis_not_found: {
    status: 404,
    title: 'Analysis not found',
    hint: 'GET /api/v1/customers/{id}/analyses lists the analyses in progress. Others have ended.',
  },
  analysis_id_in_use: {
    status: 409,
    title: 'Analysis ID in use',
    hint: 'Send a new UUID as Thena-Analysis-Id, or none.',
  },
  analysis_cancelled: {
    status: 409,
    title: 'Analysis cancelled',
    hint: 'Send the request again if you still need the result.',
  },
  analysis_too_large: {
    status: 422,
    title: 'The analysis ran out of memory',
    hint: 'Request fewer groups or distinct values, or raise THENA_ENGINE_MEMORY.',
  },
  too_many_analyses: {
    status: 503,
    title: 'Too many concurrent analyses',
    hint: 'Retry after the delay in the Retry-After header.',
  },
  cursor_outdated: { status: 410, title: 'Cursor expired', hint: 'Start again without a cursor.' },
  table_changed: {
    status: 409,
    title: 'The table changed during the read',
    hint: 'Repeat the request to read the current table.',
  },
  table_missing: {
    status: 500,
    title: 'The rows of the table are missing',
    hint: 'The operator has to restore it from a backup, or to attach it again. No answer is given without its rows.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'Range not satisfiable',
    hint: 'Request a range within the length in the header Content-Range.',
  },
  too_many_streams: {
    status: 503,
    title: 'Too many event streams',
    hint: 'Close a stream, or share one between the pages of a browser. Retry after the delay in the Retry-After header.',
  },
  too_many_exports: {
    status: 503,
    title: 'Too many concurrent exports',
    hint: 'Retry after the delay in the Retry-After header, or end exports that are read slowly. THENA_CONCURRENT_EXPORTS allows more that are being written.',
  },

  // Upload requests
  file_missing: {
    status: 400,
    title: 'Missing file',
    hint: 'Send the CSV file as the form field `file`, or as the body of PUT /api/v1/customers/{id}/uploads.',
  },
  too_many_files: { status: 400, title: 'Too many files', hint: 'Send one file per request.' },
  upload_option_invalid: {
    status: 400,
    title: 'Invalid upload option',
    hint: 'See the API reference at /docs for the allowed values.',
  },
  upload_too_large: { status: 413, title: 'File too large', hint: 'Split the file, or raise THENA_MAX_UPLOAD_BYTES.' },
  upload_interrupted: { status: 400, title: 'Upload interrupted', hint: 'Send the file again.' },
  tus_request_invalid: {
    status: 400,
    title: 'Invalid tus request',
    hint: 'Follow the tus 1.0 protocol: https://tus.io/protocols/resumable-upload.',
  },
  tus_version_unsupported: {
    status: 412,
    title: 'Unsupported tus version',
    hint: 'Send the header `Tus-Resumable: 1.0.0`.',
  },
  upload_offset_conflict: {
    status: 409,
    title: 'Wrong upload offset',
    hint: 'Request the current offset with HEAD (header Upload-Offset) and continue from there.',
  },
  upload_locked: {
    status: 423,
    title: 'Upload in use',
    hint: 'Wait until the other request for this file has ended, then request the current offset with HEAD.',
  },
  checksum_mismatch: {
    status: 460,
    title: 'Checksum mismatch',
    hint: 'The bytes of this request were discarded. Send them again.',
  },
  server_busy: {
    status: 503,
    title: 'Too many concurrent uploads',
    hint: 'Retry after the delay in the Retry-After header.',
  },
  too_many_uploads: {
    status: 429,
    title: 'Too many pending uploads',
    hint: 'Retry after the delay in the Retry-After header.',
  },
  queue_full: {
    status: 503,
    title: 'The load queue is full',
    hint: 'Retry after the delay in the Retry-After header.',
  },
  upload_too_slow: { status: 408, title: 'Upload too slow', hint: 'Use a faster connection, or compress the file.' },
  upload_cancelled: { status: 409, title: 'Upload cancelled', hint: 'Send the file again if you still need it.' },
  cancel_pending: {
    status: 503,
    title: 'Upload not cancelled yet',
    hint: 'No action is needed: the request stands, and the upload is cancelled as soon as its node, or another one in its place, can do so. GET /api/v1/uploads/{id} shows when.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'Invalid idempotency key',
    hint: 'Use 1 to 255 visible ASCII characters, such as a UUID.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key already used',
    hint: 'Use a new key for a different file or different options.',
  },
  duplicate_upload: {
    status: 409,
    title: 'Duplicate upload',
    hint: 'No action is needed. To append the rows again, upload the file with duplicates=append.',
  },
  upload_not_retryable: {
    status: 409,
    title: 'Upload cannot be retried',
    hint: 'Only failed uploads can be retried, until `retry_until`. Send the file again.',
  },
  rejects_not_found: {
    status: 404,
    title: 'No rejected rows',
    hint: 'The receipt or the error of the upload has the number of rejected rows.',
  },
  disk_full: {
    status: 507,
    title: 'Disk full',
    hint: 'Free disk space in the data folder, or in the spool of a cluster, then send the file again.',
  },
  spool_unavailable: {
    status: 503,
    title: 'Spool unavailable',
    hint: 'Retry later. If the problem persists, check the folder or the bucket of THENA_SPOOL_URL, and that the node may use it.',
  },
  upload_bytes_missing: {
    status: 500,
    title: 'Bytes of the upload are missing',
    hint: 'Send the file again, and find out what removes or changes files in the spool.',
  },

  // Uploaded files
  file_empty: { status: 422, title: 'The file is empty', hint: 'Send a CSV file with at least one row.' },
  no_rows: {
    status: 422,
    title: 'The file has no rows',
    hint: 'Send a CSV file with at least one row below the header. If the first line is a row, set header=false.',
  },
  decompression_failed: {
    status: 422,
    title: 'Decompression failed',
    hint: 'Compress the file again, or send it uncompressed.',
  },
  decompression_ratio: {
    status: 413,
    title: 'Compression ratio too high',
    hint: 'Send the file uncompressed, or compressed in smaller parts.',
  },
  title_above_header: {
    status: 422,
    title: 'Title above the header',
    hint: 'Set skip_lines to the number of lines above the header. If the file has one column, set delimiter to a character that does not occur in it.',
  },
  header_too_short: {
    status: 422,
    title: 'Header shorter than the rows',
    hint: 'Add the missing name to the header, or set surplus=drop_empty if a delimiter ends each row.',
  },
  nul_byte: { status: 422, title: 'NUL byte in the text', hint: 'Remove the NUL bytes, or set strip_nul=true.' },
  not_csv: { status: 415, title: 'Not a CSV file', hint: 'Export the data as CSV and upload that.' },
  invalid_encoding: {
    status: 422,
    title: 'Invalid character encoding',
    hint: 'Save the file as UTF-8, or set the option `encoding`, such as encoding=windows-1252.',
  },
  too_many_columns: { status: 422, title: 'Too many columns', hint: 'Remove columns, or raise THENA_MAX_COLUMNS.' },
  duplicate_column: { status: 422, title: 'Duplicate column name', hint: 'Rename one of the columns.' },
  column_name_invalid: {
    status: 422,
    title: 'Invalid column name',
    hint: 'Use 1 to 255 characters without control characters, not starting with _thena_.',
  },
  columns_differ: {
    status: 422,
    title: 'Columns do not match the table',
    hint: "Upload a file with the table's columns, in any order, or use another customer ID.",
  },
  record_too_long: {
    status: 422,
    title: 'Record too long',
    hint: 'Shorten the record, or split it. If a quote in it is never closed, close it or double it.',
  },
  quote_not_closed: {
    status: 422,
    title: 'Unclosed quote',
    hint: 'Close the quote, or double quotes that are part of the text. If the file writes them as \\", set escape=\\.',
  },
  text_after_quote: {
    status: 422,
    title: 'Text after a closing quote',
    hint: 'Double quotes that are part of the text, or remove the text after the closing quote. If the file writes quotes as \\", set escape=\\.',
  },
  stray_carriage_return: {
    status: 422,
    title: 'Carriage return in an unquoted field',
    hint: 'Quote the field, or use the same line ending throughout the file.',
  },
  ambiguous_values: {
    status: 422,
    title: 'Ambiguous values',
    hint: 'Retry the upload with the option named in `option`, such as date_order=dmy, or write the values so that they can be read in one way only.',
  },
  declared_type_conflict: {
    status: 422,
    title: 'Declared type differs from the table',
    hint: "Omit the declaration, or declare the type of the table's column.",
  },
  rows_rejected: {
    status: 422,
    title: 'Rows rejected',
    hint: 'Fix the rows listed by GET /api/v1/uploads/{id}/rejects and upload the file again, or retry the upload with on_error=skip to load the other rows.',
  },
  file_needs_more_memory: {
    status: 422,
    title: 'The file needs too much memory',
    hint: 'Send fewer columns or shorter values, or raise THENA_ENGINE_MEMORY.',
  },
  file_crashed_reader: {
    status: 422,
    title: 'The file crashed the CSV reader',
    hint: 'Please report this, with the file if possible. No file should be able to do this.',
  },
  count_mismatch: {
    status: 500,
    title: 'Row counts differ',
    hint: 'Nothing was loaded. Please report this, with the file if possible. Quoting every field may help.',
  },
  ingest_failed: {
    status: 500,
    title: 'Load failed',
    hint: 'Send the file again. If the problem persists, search the log for the upload ID.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * An error that is reported to the client.
 *
 * `detail` describes this occurrence in one or two sentences; `extra` becomes additional members of the problem document, where
 * `hint` replaces the general one of the code.
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
