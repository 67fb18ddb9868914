import { randomUUID } from 'node:crypto';
import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { ServerUnreachable } from '../../client/thena-problem.ts';
import type { Condition } from '../../src/api/queries.ts';
import type { ExportFormat } from '../../src/api/rows.ts';
import type { Cli } from '../cli.ts';
import { UsageError } from '../exit-codes.ts';
import { commaSeparated, condition } from '../parse-arguments.ts';
import { bytes } from '../quantities.ts';

const BINARY: readonly ExportFormat[] = ['parquet', 'arrow'];

interface Flags {
  readonly format?: ExportFormat;
  readonly output?: string;
  readonly columns?: readonly string[];
  readonly where?: Condition;
  readonly escapeFormulas?: true;
  readonly force?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .addOption(
      new Option('-f, --format <format>', 'default: what the name of the file says, or else csv').choices([
        'csv',
        'ndjson',
        'parquet',
        'arrow',
      ]),
    )
    .option('-o, --output <file>', 'file to write; default: standard output')
    .option(
      '--columns <names>',
      'columns, separated by commas; repeat the option for a name with a comma',
      commaSeparated,
    )
    .option('--where <condition>', 'only rows that fit a condition, as JSON', condition)
    .option('--escape-formulas', 'CSV: prefix texts that a spreadsheet would execute')
    .option('--force', 'overwrite the file')
    .action(cli.runs((flags: Flags) => exportTable(cli, command, flags)));
}

async function exportTable(cli: Cli, command: Command, flags: Flags): Promise<void> {
  const { terminal, signal } = cli;
  const { thena, customer } = await cli.connect(command);
  const { output, columns, where, escapeFormulas } = flags;
  const format = flags.format ?? formatOf(output) ?? 'csv';
  if (output === undefined && terminal.outputIsTerminal && BINARY.includes(format)) {
    throw new UsageError(`Standard output is a terminal, and ${format} is not text. Name a file with --output.`);
  }
  const existing = output === undefined ? undefined : statSync(output, { throwIfNoEntry: false });
  if (existing?.isFile() && !flags.force) throw new UsageError(`${output} exists. --force overwrites it.`);
  const { stream } = await thena.exportTable(await customer(), { format, columns, where, escapeFormulas, signal });
  const chunks = whole(stream, signal);
  if (output === undefined) for await (const chunk of chunks) await terminal.writeUntrusted(chunk);
  else {
    const counted = counting(chunks, (written) => terminal.progress(`${output}: ${bytes(written)}`));
    // A device or a pipe stays what it is.
    if (existing && !existing.isFile()) await pipeline(counted, createWriteStream(output));
    else await writeFile(output, counted);
  }
}

async function* counting(
  stream: AsyncIterable<Uint8Array>,
  onProgress: (written: number) => void,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  for await (const chunk of stream) {
    yield chunk;
    written += chunk.byteLength;
    onProgress(written);
  }
}

/** Under another name until it is complete. */
async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  // A new file, and no link that someone else has put there.
  const draft = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await pipeline(chunks, createWriteStream(draft, { flags: 'wx' }));
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** @throws ServerUnreachable if the connection is closed before the end, which is how an export fails */
async function* whole(stream: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    signal.throwIfAborted();
    throw new ServerUnreachable('The export was cut off. What was written is not complete.', { cause: error });
  }
}

function formatOf(path = ''): ExportFormat | undefined {
  const extension = /\.(csv|ndjson|jsonl|parquet|arrows?)$/i.exec(path)?.[1]?.toLowerCase();
  if (extension === 'jsonl') return 'ndjson';
  return extension === 'arrows' ? 'arrow' : (extension as ExportFormat | undefined);
}
