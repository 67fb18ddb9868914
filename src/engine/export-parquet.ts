import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasSpaceFor } from '../disk-space.ts';
import { reasonOf } from './duckdb-failure.ts';
import type { Operations } from './operation.ts';
import { literal } from './sql.ts';
import { scanning } from './table-scan.ts';

const LOOK_EVERY_MS = 250;

/**
 * DuckDB writes Parquet into files alone. It takes as long as it takes, of one state of the table; whoever reads the file
 * holds nothing of the table.
 */
export const exportParquet: Operations['export_parquet'] = async (params, context) => {
  const { select, path, reserveBytes } = params;
  const folder = dirname(path);
  const outcome = await scanning(params, context, async (scan, connection) => {
    // What it will take nobody knows; the table takes more.
    const { size } = await stat(params.database);
    if (!(await hasSpaceFor(folder, size, reserveBytes))) return { kind: 'disk_full' } as const;
    let full = false;
    const look = async (): Promise<void> => {
      full ||= !(await hasSpaceFor(folder, 0, reserveBytes));
      if (full) connection.interrupt();
    };
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
    // Numbering the rows keeps them in their order, on one thread and without sorting them.
    const [sql, values] = scan.over('*, row_number() OVER () AS _thena_number', 0, Number.MAX_SAFE_INTEGER);
    const rows = `SELECT ${select.join(', ')} FROM (${sql}) WHERE _thena_number > 0`;
    try {
      await connection.run(`COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`, [...values]);
      return { kind: 'written' } as const;
    } catch (error) {
      if (full || reasonOf(error) === 'no_space') return { kind: 'disk_full' } as const;
      throw error;
    } finally {
      clearInterval(timer);
    }
  }).catch(async (error: unknown) => {
    await rm(path, { force: true });
    throw error;
  });
  if (outcome.kind !== 'written') await rm(path, { force: true });
  return outcome;
};
