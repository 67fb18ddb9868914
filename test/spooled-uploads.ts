import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The uploads that have segments in the spool of a data folder. */
export function spooledUploads(dataDir: string): readonly string[] {
  return readdirSync(join(dataDir, 'spool')).map((name) => name.split('.')[0] ?? '');
}
