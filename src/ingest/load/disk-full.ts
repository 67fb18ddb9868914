import { EngineBroken, EngineFailure } from '../../engine/engine-client.ts';
import { Problem } from '../../errors.ts';

/** What DuckDB and Node say in the engine where a write finds no room. */
const NO_ROOM = /No space left on device|Could not write all bytes|\bENOSPC\b|\bEDQUOT\b/i;

/** Whether an attempt failed for want of disk space alone: then its file is not to blame. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof Problem) return error.code === 'disk_full';
  return saysInEngine(error, NO_ROOM);
}

/** Whether an attempt failed for want of memory, which analyses share, or because the disk did not do what it was asked. */
export function mayDoNextTime(error: unknown): boolean {
  return saysInEngine(error, /^Out of Memory Error|Input\/output error|\bEIO\b/);
}

function saysInEngine(error: unknown, what: RegExp): boolean {
  if (!(error instanceof EngineFailure || error instanceof EngineBroken)) return false;
  // Only the first line is DuckDB's own: rows of the file may be quoted below it.
  return what.test(error.message.split('\n', 1)[0] ?? '');
}
