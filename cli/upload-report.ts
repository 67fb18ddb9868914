import { ThenaProblem } from '../client/thena-problem.ts';
import type { Receipt, Upload } from '../src/api/uploads.ts';
import { reportError } from './error-report.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { count } from './quantities.ts';
import { jsonLine, printable, type Terminal } from './terminal.ts';
import { openTable } from './text-table.ts';

/**
 * Writes what became of an upload: to standard output what was asked for, to standard error what to check or to do.
 *
 * @returns the exit code: 3 if rows were rejected
 */
export async function reportUpload(
  terminal: Terminal,
  upload: Upload,
  { json, name }: { readonly json: boolean; readonly name: string },
): Promise<ExitCode> {
  if (json) await terminal.write(jsonLine(upload));
  else await terminal.write(`${summary(terminal, upload, name)}\n`);
  const { receipt, error, status } = upload;
  if (receipt?.sample && !json) await writeSample(terminal, receipt, receipt.sample);
  if (error) {
    if (!json) await reportError(terminal, new ThenaProblem(error), [], { file: name, upload: upload.id });
    return error.code === 'rows_rejected' ? EXIT.rejected : EXIT.failed;
  }
  if (!json) {
    for (const warning of receipt?.warnings ?? []) terminal.note(`${name}: ${warning}`);
    if (upload.duplicate_of) {
      terminal.note(`${name}: the same file was uploaded before, as ${upload.duplicate_of.id}.`);
    }
    if (receipt?.rejected) terminal.note(`  \`thena rejects ${upload.id}\` lists the rejected rows.`);
  }
  if (receipt?.rejected) return EXIT.rejected;
  return status === 'cancelled' ? EXIT.failed : EXIT.ok;
}

/** How a dry run has read the first rows. */
async function writeSample(
  terminal: Terminal,
  { columns }: Pick<Receipt, 'columns'>,
  sample: NonNullable<Receipt['sample']>,
): Promise<void> {
  const table = openTable(
    terminal,
    columns.map(({ name, type }) => `${name} (${type})`),
  );
  for (const row of sample) await table.add(row.map(({ value }) => value));
  await table.end();
}

/** One line about an upload. */
export function summary({ style }: Terminal, { id, status, receipt, options }: Upload, name: string): string {
  const color = { complete: 'green', failed: 'red', cancelled: 'yellow', undone: 'yellow' } as const;
  const painted = style(
    color[status as keyof typeof color] ?? 'cyan',
    options.dry_run ? `${status} (dry run)` : status,
  );
  const verb = options.dry_run ? 'would be appended' : 'appended';
  const rows = receipt ? `, ${count(receipt.appended, 'row')} ${verb}, ${receipt.rejected} rejected` : '';
  return `${printable(name)}: ${painted}${rows}  ${style('dim', id)}`;
}
