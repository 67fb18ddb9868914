import type { PageProblem } from '../problem-in.ts';

/** A file that this tab sends, from its choice until the server has all of it. */
export interface SendingFile {
  /** Unique in this tab. */
  readonly key: string;
  readonly customerId: string;
  readonly filename: string;
  readonly bytes: number;
  readonly sent: number;
  readonly bytesPerSecond: number | null;
  /**
   * `waiting` for other files; `interrupted`: the server cannot be reached, and it is tried again; `refused`: it will not become an
   * upload, and `problem` says why.
   */
  readonly state: 'waiting' | 'sending' | 'interrupted' | 'refused';
  readonly problem: PageProblem | null;
}
