import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { PlanValue } from '../query-plan.ts';
import { ClickhouseException, unanswered } from './clickhouse-failure.ts';
import { type ClickhouseShard, type StatementSettings, WHOLE } from './clickhouse-shard.ts';
import { literal } from './clickhouse-sql.ts';
import { parameterSettings } from './placeholder.ts';

/** A query that reads a table. */
export interface ReadStatement {
  readonly sql: string;
  readonly params: readonly PlanValue[];
  readonly settings?: StatementSettings;
  /** By which the query is found while it runs. Default: a random one. */
  readonly queryId?: string;
}

/** Settings of all queries, whatever the profile of the user says: they decide what a query means. */
const READING: StatementSettings = {
  // A shard that is down fails the query: a part is not the whole.
  skip_unavailable_shards: 0,
  // Nothing is written, and a query ends when its client disconnects.
  readonly: 2,
  cancel_http_readonly_queries_on_client_close: 1,
  // All rows meet the condition on tags: to read other columns later takes a tenth more time than it saves.
  enable_multiple_prewhere_read_steps: 0,
  // Of a table of ten million rows, the index of times takes a tenth of the time of a day's rows to read while they are read.
  use_skip_indexes_on_data_read: 0,
  // Months, quarters and years before 1970 and after 2149.
  enable_extended_results_for_datetime_functions: 1,
  precise_float_parsing: 1,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_64bit_floats: 0,
  output_format_json_quote_denormals: 1,
  output_format_json_escape_forward_slashes: 0,
  bool_true_representation: 'true',
  bool_false_representation: 'false',
  enable_positional_arguments: 1,
  transform_null_in: 0,
  // An expression has one type, or the query fails.
  use_variant_as_common_type: 0,
  group_by_use_nulls: 0,
  empty_result_for_aggregation_by_constant_keys_on_empty_set: 1,
  // The largest plans have thousands of values, and thousands of changes of the clocks.
  max_query_size: 64 * 1024 * 1024,
  max_ast_elements: 1_000_000,
  max_expanded_ast_elements: 10_000_000,
};

/** Runs a query of few rows. @returns them; integers are texts */
export async function readRows(
  shard: ClickhouseShard,
  statement: ReadStatement,
  signal: AbortSignal,
): Promise<readonly (readonly unknown[])[]> {
  const { stream, end } = await open(shard, jsonRows(statement), signal, WHOLE);
  try {
    return await Array.fromAsync(linesOf(shard, stream, signal));
  } finally {
    end();
  }
}

/** Runs a query. @returns its rows as they arrive, which ends the query when no more are requested */
export async function* streamRows(
  shard: ClickhouseShard,
  statement: ReadStatement,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  const { stream, end } = await open(shard, jsonRows(statement), signal);
  try {
    yield* linesOf(shard, stream, signal);
  } finally {
    end();
  }
}

/** Runs a query that names a format. @returns its whole result */
export async function readBytes(
  shard: ClickhouseShard,
  statement: ReadStatement,
  signal: AbortSignal,
): Promise<Buffer> {
  const { stream, end } = await open(shard, statement, signal, WHOLE);
  try {
    // `buffer` of node:stream/consumers makes a Blob of them, which takes half as long as the query.
    return Buffer.concat(await stream.toArray());
  } catch (error) {
    throw unanswered(shard.name, error, signal);
  } finally {
    end();
  }
}

/** Runs a query that names a format. @returns its result as it arrives: only its last bytes show whether it is complete */
export async function* streamBytes(
  shard: ClickhouseShard,
  statement: ReadStatement,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { stream, end } = await open(shard, statement, signal);
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw unanswered(shard.name, error, signal);
  } finally {
    end();
  }
}

function jsonRows({ sql, ...statement }: ReadStatement): ReadStatement {
  return { ...statement, sql: `${sql} FORMAT JSONCompactEachRow` };
}

/** @returns the response, and a function that ends the query if it is still running */
async function open(
  shard: ClickhouseShard,
  { sql, params, settings, queryId = `thena:read:${randomUUID()}` }: ReadStatement,
  signal: AbortSignal,
  more: StatementSettings = {},
): Promise<{ readonly stream: Readable; readonly end: () => void }> {
  const all = { ...READING, ...more, ...settings, ...parameterSettings(params) };
  let hasEnded = false;
  const end = (): void => {
    signal.removeEventListener('abort', end);
    if (hasEnded) return;
    hasEnded = true;
    // A server that is waiting for another one, or sorting, does not notice that its client has disconnected.
    shard.run(`KILL QUERY WHERE query_id = ${literal(queryId)} ASYNC`).catch(() => undefined);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    const stream = await shard.read(sql, { settings: all, signal, queryId });
    stream.once('end', () => {
      hasEnded = true;
    });
    return {
      stream,
      end: () => {
        end();
        stream.destroy();
      },
    };
  } catch (error) {
    // A query that failed needs no end.
    hasEnded ||= !signal.aborted;
    end();
    throw error;
  }
}

async function* linesOf(
  shard: ClickhouseShard,
  stream: Readable,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  let rest: Buffer[] = [];
  let hasFailed = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(LINE_FEED); at >= 0 && !hasFailed; at = chunk.indexOf(LINE_FEED, from)) {
        const line = Buffer.concat([...rest, chunk.subarray(from, at)]);
        hasFailed = line[0] !== START_OF_ROW;
        if (hasFailed) break;
        rest = [];
        from = at + 1;
        yield JSON.parse(line.toString()) as readonly unknown[];
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
  } catch (error) {
    // A response with an exception has no proper end.
    if (!hasFailed || signal.aborted) throw unanswered(shard.name, error, signal);
  }
  if (rest.length > 0) throw exceptionIn(shard, Buffer.concat(rest).toString());
}

const LINE_FEED = 10;
const START_OF_ROW = '['.charCodeAt(0);

/** An exception that ClickHouse wrote after the first rows. */
function exceptionIn(shard: ClickhouseShard, text: string): ClickhouseException {
  const [message = text, code] = /Code: (\d+)[^\n]*/.exec(text) ?? [];
  return new ClickhouseException(shard.name, Number(code ?? 0), message, 'query');
}
