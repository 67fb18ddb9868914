import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasSpaceFor } from '../../disk-space.ts';
import { reasonOf } from '../duckdb-failure.ts';
import type { Operations } from '../operations.ts';
import { identifier, literal } from '../sql.ts';
import { scanning } from './table-scan.ts';

const CHECK_EVERY_MS = 250;

/**
 * DuckDB can write Parquet only to a file. The export has no time limit and sees one state of the table; while the file is being
 * sent, nothing of the table is held.
 */
export const exportParquet: Operations['export_parquet'] = async (params, context) => {
  const { select, names, path, reserveBytes } = params;
  const folder = dirname(path);
  const outcome = await scanning(params, context, async (scan, connection) => {
    // The size of the export is not known beforehand, but the table is larger.
    const { size } = await stat(params.database);
    if (!(await hasSpaceFor(folder, size, reserveBytes))) return { kind: 'disk_full' } as const;
    let full = false;
    const check = async (): Promise<void> => {
      full ||= !(await hasSpaceFor(folder, 0, reserveBytes));
      if (full) connection.interrupt();
    };
    const timer = setInterval(() => void check().catch(() => undefined), CHECK_EVERY_MS);
    // Numbering the rows keeps their order: on one thread, but without sorting them.
    const [sql, values, types] = scan.over('*, row_number() OVER () AS _thena_number', 0, Number.MAX_SAFE_INTEGER);
    const rows = `SELECT ${select.join(', ')} FROM (${sql}) WHERE _thena_number > 0`;
    // Names from outside are identifiers nowhere else, and nothing refers to them here.
    const named = `FROM (${rows}) AS exported(${names.map(identifier).join(', ')})`;
    try {
      await connection.run(`COPY (${named}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`, values, types);
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
