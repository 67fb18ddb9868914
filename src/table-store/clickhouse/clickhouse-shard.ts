import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ClickHouseClient, ExecResult } from '@clickhouse/client';
import { refused, type StatementKind, unanswered } from './clickhouse-failure.ts';

/** ClickHouse's settings of one statement, by name. */
export type StatementSettings = Readonly<Record<string, string | number>>;

export interface StatementOptions {
  readonly settings?: StatementSettings;
  readonly signal?: AbortSignal;
  /** By which the statement is found while it runs. Default: a random one. */
  readonly queryId?: string;
  /** How long the server may take. Default: as long as the connection transfers something now and then. */
  readonly timeoutMs?: number;
}

export interface InsertOptions extends StatementOptions {
  /** The records. Their stream is destroyed if the statement fails. */
  readonly values: Readable;
}

/** Settings of all statements, whatever the profile of the user says. */
const ALWAYS: StatementSettings = {
  // Statements have deadlines of their own.
  max_execution_time: 0,
  // A response that begins with 200 and ends with an exception looks complete in some formats.
  http_write_exception_in_output_format: 0,
  session_timezone: 'UTC',
  // Which rows a result has: all of them, those that are deleted not, and one row for an aggregate of none.
  limit: 0,
  offset: 0,
  additional_result_filter: '',
  apply_deleted_mask: 1,
  empty_result_for_aggregation_by_empty_set: 0,
  aggregate_functions_null_for_empty: 0,
  // A limit of the profile ends a statement with an error, never with a part of the result.
  read_overflow_mode: 'throw',
  read_overflow_mode_leaf: 'throw',
  group_by_overflow_mode: 'throw',
  sort_overflow_mode: 'throw',
  set_overflow_mode: 'throw',
  distinct_overflow_mode: 'throw',
  transfer_overflow_mode: 'throw',
  result_overflow_mode: 'throw',
  timeout_overflow_mode: 'throw',
  timeout_overflow_mode_leaf: 'throw',
};
/** The response begins when the statement has ended, so that its status is that of the whole statement. Without a buffer, it is a file until then. */
export const WHOLE: StatementSettings = { wait_end_of_query: 1, http_response_buffer_size: 16 * 1024 * 1024 };

/** A ClickHouse server. All methods throw StorageFailure, which names it. */
export class ClickhouseShard {
  /** Host and port. */
  readonly name: string;
  readonly #client: ClickHouseClient;
  readonly #insertClient: ClickHouseClient;

  /** @param insertClient opens a connection for each request: ClickHouse closes that of an insert that failed, without a warning */
  constructor(name: string, client: ClickHouseClient, insertClient: ClickHouseClient) {
    this.name = name;
    this.#client = client;
    this.#insertClient = insertClient;
  }

  /** Runs a statement that returns nothing. */
  async run(sql: string, options: StatementOptions = {}): Promise<void> {
    const { stream } = await this.#send(sql, { ...options, settings: { ...options.settings, ...WHOLE } }, 'other');
    await this.#text(stream, options.signal);
  }

  /** Runs a query whose result is small. @returns its rows; 64-bit integers are texts */
  async rows<Row extends readonly unknown[]>(sql: string, options: StatementOptions = {}): Promise<readonly Row[]> {
    const settings = { ...options.settings, ...WHOLE, output_format_json_quote_64bit_integers: 1 };
    const { stream } = await this.#send(`${sql} FORMAT JSONCompactEachRow`, { ...options, settings }, 'other');
    const lines = (await this.#text(stream, options.signal)).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
  }

  /** Runs a query. @returns its result in the format that the query names, as it arrives */
  async read(sql: string, options: StatementOptions = {}): Promise<Readable> {
    return (await this.#send(sql, options, 'query')).stream;
  }

  /** Runs an insert of the records of a stream. @returns the number of rows written */
  async insert(sql: string, options: InsertOptions): Promise<number> {
    const { stream, summary } = await this.#send(sql, options, 'insert', options.values);
    await this.#text(stream, options.signal);
    return Number(summary?.written_rows ?? Number.NaN);
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#insertClient.close()]);
  }

  /** A server may close an idle connection at the moment at which it is used again. All statements but inserts may be repeated. */
  async #send(
    sql: string,
    options: StatementOptions,
    kind: StatementKind,
    values?: Readable,
  ): Promise<ExecResult<Readable>> {
    try {
      return await this.#sendOnce(sql, options, kind, values);
    } catch (error) {
      values?.destroy();
      if (kind === 'insert' || options.signal?.aborted || !isReset(error))
        throw unanswered(this.name, error, options.signal);
    }
    try {
      return await this.#sendOnce(sql, options, kind);
    } catch (error) {
      throw unanswered(this.name, error, options.signal);
    }
  }

  async #sendOnce(
    sql: string,
    { settings, signal: caller, timeoutMs, queryId }: StatementOptions,
    kind: StatementKind,
    values?: Readable,
  ): Promise<ExecResult<Readable>> {
    const signal = endOf(caller, timeoutMs);
    signal?.throwIfAborted();
    const client = kind === 'insert' ? this.#insertClient : this.#client;
    const response = await client.exec({
      query: sql,
      clickhouse_settings: { ...ALWAYS, ...settings },
      ...(values && { values }),
      ...(signal && { abort_signal: signal }),
      ...(queryId !== undefined && { query_id: queryId }),
      ignore_error_response: true,
    });
    // The message may quote texts of a file that look like another exception: the header has the code.
    const code = response.response_headers['x-clickhouse-exception-code'];
    const status = response.http_status_code ?? 200;
    if (code === undefined && status < 400) return response;
    const message = (await text(response.stream)).trim();
    throw refused(this.name, status, code === undefined ? null : Number(code), message, kind);
  }

  async #text(stream: Readable, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await text(stream);
    } catch (error) {
      throw unanswered(this.name, error, signal);
    }
  }
}

function endOf(signal: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal | undefined {
  if (timeoutMs === undefined) return signal;
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Whether a connection was closed before the response. */
function isReset(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ECONNRESET' || code === 'EPIPE';
}
