import { type Command, InvalidArgumentError } from 'commander';
import type { BucketName, Condition, Group, Measure, Ordering, Query } from '../../src/api/queries.ts';
import { withProgress } from '../analysis-progress.ts';
import type { Cli } from '../cli.ts';
import { UsageError } from '../exit-codes.ts';
import { condition, jsonArgument, wholeNumber } from '../parse-arguments.ts';
import { writeResult } from '../table-output.ts';

interface Flags {
  readonly measure?: readonly Measure[];
  readonly by?: readonly Exclude<Group, string>[];
  readonly where?: Condition;
  readonly having?: Condition;
  readonly order?: readonly Ordering[];
  readonly limit?: number;
  readonly timeZone?: string;
  readonly csv?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[query]', 'the query as JSON; @file is a file with it, - standard input')
    .option('-m, --measure <fn:column>', 'what to compute, such as count, sum:amount or quantile:0.9:amount', measures)
    .option('-b, --by <column[:bucket]>', 'a group, such as kind, event_time:day or amount:10', groups)
    .option('--where <condition>', 'only rows that fit a condition, as JSON', condition)
    .option('--having <condition>', 'only groups that fit a condition, as JSON', condition)
    .option('-o, --order <column[:desc]>', 'a column of the result to sort by', orderings)
    .option('-n, --limit <n>', 'how many groups', wholeNumber)
    .option('--time-zone <zone>', 'time zone of buckets, such as Europe/Berlin')
    .option('--csv', 'write CSV')
    .addHelpText('after', '\nFor example: thena query --measure sum:amount --by event_time:day\nSee docs/analyses.md.')
    .action(cli.runs((json: string | undefined, flags: Flags) => query(cli, command, json, flags)));
}

async function query(cli: Cli, command: Command, text: string | undefined, flags: Flags): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  const built = queryOf(flags);
  if ((text === undefined) === (Object.keys(built).length === 0)) {
    throw new UsageError('Give either a query as JSON, or options such as --measure and --by.');
  }
  const asked = text === undefined ? built : ((await jsonArgument(text, 'the query')) as Query);
  const id = await customer();
  const analysis = await withProgress(cli, thena, id, (options) => thena.query(id, asked, options));
  await writeResult(cli.terminal, analysis, flags.csv ? 'csv' : json ? 'json' : 'text');
}

function queryOf({ measure, by, where, having, order, limit, timeZone }: Flags): Query {
  const inZone = (group: Exclude<Group, string>): Group =>
    timeZone !== undefined && typeof group.bucket === 'string' ? { ...group, time_zone: timeZone } : group;
  return {
    ...(measure && { measures: [...measure] }),
    ...(by && { group_by: by.map(inZone) }),
    ...(where && { where }),
    ...(having && { having }),
    ...(order && { order_by: [...order] }),
    ...(limit !== undefined && { limit }),
  };
}

function measures(text: string, earlier: readonly Measure[] = []): readonly Measure[] {
  const [, fn = '', rest = ''] = /^([^:]+)(?::(.*))?$/s.exec(text) ?? [];
  if (fn === '') throw new InvalidArgumentError('It must be a function, or a function and a column: sum:amount.');
  const [, q, column] = (fn === 'quantile' && /^([\d.]+):(.*)$/s.exec(rest)) || [];
  // The server says which functions there are.
  const base = { fn: fn as Measure['fn'] };
  if (q !== undefined && column !== undefined) return [...earlier, { ...base, q: Number(q), column }];
  return [...earlier, rest === '' ? base : { ...base, column: rest }];
}

/** A column may have a colon in its name; a bucket has none. */
function groups(text: string, earlier: readonly Exclude<Group, string>[] = []): readonly Exclude<Group, string>[] {
  const [, column = text, bucket] = /^(.+):((?:\d+ )?[a-z]+|\d+(?:\.\d+)?)$/s.exec(text) ?? [];
  if (bucket === undefined) return [...earlier, { column }];
  return [...earlier, { column, bucket: /^\d[\d.]*$/.test(bucket) ? Number(bucket) : (bucket as BucketName) }];
}

function orderings(text: string, earlier: readonly Ordering[] = []): readonly Ordering[] {
  const [, column = text, direction] = /^(.+):(asc|desc)$/s.exec(text) ?? [];
  return [...earlier, { column, ...(direction && { direction: direction as 'asc' | 'desc' }) }];
}
