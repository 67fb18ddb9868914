/**
 * Opens a table file as the engine does, and dies at a failpoint on the way.
 *
 *   node test/engine/die-while-renaming.ts tables/a.duckdb tmp columns_renaming
 */
import { subscribe } from 'node:diagnostics_channel';
import { dirname } from 'node:path';
import { Database } from '../../src/engine/database.ts';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';

const [path = '', tempDirectory = '', failpoint] = process.argv.slice(2);
subscribe(FAILPOINTS_CHANNEL, (name) => {
  if (name === failpoint) process.kill(process.pid, 'SIGKILL');
});
const settings = { memoryBytes: 256 * 1024 * 1024, threads: 2, openTables: 2 };
const duckdb = await Database.open({ directories: [dirname(path)], tempDirectory, ...settings });
await duckdb.reading(path, async () => undefined);
