import type { FileOptions } from '../../../src/api/upload-options.ts';
import type { PageProblem } from '../problem-in.ts';
import type { Preview } from './preview.ts';

/** A file that the user has chosen, and of which nothing was uploaded yet. */
export interface ChosenFile {
  /** Unique in this tab. */
  readonly key: string;
  readonly customerId: string;
  readonly file: File;
  /** What the user has decided about how it is read. */
  readonly options: FileOptions;
  /** Whether the server is reading its start, with the options. */
  readonly reading: boolean;
  /** How the server reads it; null: not read yet, or refused. */
  readonly preview: Preview | null;
  /** Why it would be refused. */
  readonly problem: PageProblem | null;
}

/** What is decided about how a file is read; undefined: the server decides again. */
export type Decisions = { readonly [Name in keyof FileOptions]?: FileOptions[Name] | undefined };

/** Whether nothing stands in the way of uploading it, as far as its start shows. */
export function isReady({ reading, preview }: ChosenFile): boolean {
  return !reading && preview !== null && preview.questions.length === 0 && preview.table.matches;
}
