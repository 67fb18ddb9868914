import { Problem } from '../../errors.ts';

/** The folder of the spool is gone: one that nodes share may be away for a while. */
export function spoolAway(cause: unknown): Problem {
  return new Problem('spool_unavailable', 'The folder of the spool cannot be reached.', {}, { cause });
}
