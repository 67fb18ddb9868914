import { ServerUnreachable, ThenaProblem } from '../client/thena-problem.ts';
import { type ExitCode, exitCodeOf, Interrupted } from './exit-codes.ts';
import { jsonLine, type Terminal } from './terminal.ts';

/** What to do, where the hint of the API is not for users of the command line. */
const HINTS: Readonly<Record<string, string>> = {
  key_missing: 'Run `thena login`, set THENA_KEY, or use --key-file.',
  key_invalid: 'Check that the key is complete. `thena login` saves another one.',
  rows_rejected:
    'Fix the rows listed by `thena rejects <upload>` and upload the file again, or load the other rows: `thena retry <upload> --on-error skip`.',
  ambiguous_values:
    'Upload the file again with the option of the right reading, or write the values so that they can be read in one way only.',
  rejects_not_found: '`thena status <upload>` shows the number of rejected rows.',
  customer_not_found: 'Check the ID and the key. `thena customers list` lists the customers.',
  upload_not_found: 'Check the ID and the key. `thena uploads` lists the uploads.',
};

/** What an error is about. */
interface Subject {
  readonly file?: string;
  /** ID of the upload, for the commands that a hint suggests. */
  readonly upload?: string;
}

/** Writes an error to standard error, as one line of JSON if the command line has `--json`. @returns its exit code */
export async function reportError(
  terminal: Terminal,
  error: unknown,
  args: readonly string[],
  about: Subject = {},
): Promise<ExitCode> {
  const exitCode = exitCodeOf(error);
  if (error instanceof Interrupted) return exitCode;
  if (args.includes('--json')) {
    const document = error instanceof ThenaProblem ? error.problem : { detail: (error as Error).message };
    terminal.note(jsonLine({ ...about, ...document }).trimEnd());
    return exitCode;
  }
  const subject = about.file === undefined ? '' : `${about.file}: `;
  terminal.note(`thena: ${subject}${await forUsers((error as Error).message)}`);
  const hint = await hintOf(error);
  if (hint) terminal.note(`  ${hint.replaceAll('<upload>', about.upload ?? '<upload>')}`);
  return exitCode;
}

async function hintOf(error: unknown): Promise<string | null> {
  if (error instanceof ServerUnreachable) return 'Is the server running? `thena doctor` checks the settings.';
  return error instanceof ThenaProblem ? await forUsers(HINTS[error.code] ?? error.hint) : null;
}

async function forUsers(text: string): Promise<string> {
  if (!/\w=/.test(text)) return text;
  const { inTermsOfFlags } = await import('./upload-flags.ts');
  return inTermsOfFlags(text);
}
