import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { CommittedRows, TableForReading } from '../catalog/table-state.ts';
import { failpoint } from '../failpoints.ts';
import type { CustomerId } from '../model/ids.ts';
import { COPY_BYTES, type RowsToCopy, rowsOfCopy, type StoredTable } from '../table-store/table-copies.ts';
import { MAX_TAGS, type QueryLimits } from '../table-store/table-store.ts';
import type { MoveDeps, MoveSide } from './move-sides.ts';

const AGGREGATES_MS = 600_000;

interface Sums {
  readonly rows: number;
  readonly sums: readonly bigint[];
}

/**
 * Copies the rows of all committed uploads under their tags, so that an upload can be undone after the move as well. What an earlier run has
 * copied is compared only; if it is not what the source has, it is copied again.
 *
 * @returns the number of rows; 0 if the customer has no table
 */
export async function copyTable(deps: MoveDeps, customerId: CustomerId): Promise<number> {
  const { source, target, onProgress, signal } = deps;
  const view = await source.catalog.tableForReading(customerId);
  if (!view) return 0;
  const { tableId, columns, timeColumn, rows } = view.table;
  const table: StoredTable = { customerId, tableId, columns, timeColumn };
  // Before there is a table, which is dropped if the source has replaced it when an interrupted move continues.
  await target.catalog.copies.addMoveTable(table);
  await target.copies.create(table, await source.copies.fewTexts(table));
  const uploads = await source.catalog.committedRows(customerId);
  const committed = new Set(uploads.map(({ tag }) => tag));
  const stored = await target.copies.tags(table);
  const remove = (tags: readonly number[]) => removeRows(target, table, tags);
  // The source was used after an earlier run. These rows would be visible, since the tags are not known as uncommitted ones there.
  await remove(stored.filter((tag) => !committed.has(tag)));
  let arrived = 0;
  const onRows = (count: number): void => {
    arrived += count;
    onProgress({ customerId, rows: arrived, totalRows: rows });
  };
  let earlier = stored.filter((tag) => committed.has(tag));
  for (const unit of unitsOf(uploads, rowsOfCopy(columns))) {
    signal.throwIfAborted();
    if (earlier.length > 0) {
      if (await isStored(deps, table, unit)) {
        onRows(rowsOf(unit));
        continue;
      }
      // With all later ones: the order of the rows in the table is that of the tags.
      await remove(earlier.filter((tag) => tag >= Number(unit[0]?.tag)));
      earlier = [];
    }
    await copyUnit(deps, table, unit, onRows);
  }
  failpoint('table_copied');
  await compareAggregates(deps, customerId, view);
  return rows;
}

async function removeRows({ copies }: MoveSide, table: StoredTable, tags: readonly number[]): Promise<void> {
  for (let at = 0; at < tags.length; at += MAX_TAGS) await copies.remove(table, tags.slice(at, at + MAX_TAGS));
}

/** Uploads that are copied together. */
type Unit = readonly CommittedRows[];

/** Small uploads are copied together. The units are the same in every run. */
function* unitsOf(uploads: readonly CommittedRows[], maxRows: number): Generator<Unit> {
  let unit: CommittedRows[] = [];
  let rows = 0;
  let bytes = 0;
  for (const upload of uploads) {
    rows += upload.rows;
    bytes += upload.bytes;
    const isFull = rows > maxRows || bytes > COPY_BYTES || unit.length === MAX_TAGS;
    if (isFull && unit.length > 0) {
      yield unit;
      unit = [];
      ({ rows, bytes } = upload);
    }
    unit.push(upload);
  }
  if (unit.length > 0) yield unit;
}

/** Whether the target has the rows of a unit, all of them and no others. */
async function isStored({ source, target, ...deps }: MoveDeps, table: StoredTable, unit: Unit): Promise<boolean> {
  const tags = unit.map(({ tag }) => tag);
  if ((await target.copies.count(table, tags)) !== rowsOf(unit)) return false;
  const read = await eachFile({ ...deps, side: source, table, tags }, null);
  const written = await eachFile({ ...deps, side: target, table, tags }, null);
  return isDeepStrictEqual(read, written);
}

/** @throws Error if the rows differ afterwards */
async function copyUnit(
  { source, target, ...deps }: MoveDeps,
  table: StoredTable,
  unit: Unit,
  onRows: (count: number) => void,
): Promise<void> {
  const tags = unit.map(({ tag }) => tag);
  const expected = rowsOf(unit);
  const read = await eachFile({ ...deps, side: source, table, tags }, async (path, rows, part) => {
    await target.copies.append(table, path, part);
    failpoint('rows_copied');
    onRows(rows);
  });
  const written = await eachFile({ ...deps, side: target, table, tags }, null);
  if (read.rows === expected && isDeepStrictEqual(read, written)) return;
  throw new Error(
    `the rows of customer ${table.customerId} differ after they were copied: uploads with the tags ${tags[0]} to ${tags.at(-1)} have ${expected} rows, of which ${read.rows} were read and ${written.rows} are there`,
  );
}

function rowsOf(unit: Unit): number {
  return unit.reduce((sum, { rows }) => sum + rows, 0);
}

interface FilesOfUnit extends Pick<MoveDeps, 'checksums' | 'directory' | 'signal'> {
  readonly side: MoveSide;
  readonly table: StoredTable;
  readonly tags: readonly number[];
}

/** Writes all rows of a unit to files, one after the other. @returns their sums */
async function eachFile(
  { side, table, tags, checksums, directory, signal }: FilesOfUnit,
  use: ((path: string, rows: number, part: RowsToCopy) => Promise<void>) | null,
): Promise<Sums> {
  const path = join(directory, `${randomUUID()}.parquet`);
  let total: Sums = { rows: 0, sums: [] };
  try {
    for (;;) {
      signal.throwIfAborted();
      const part: RowsToCopy = { tags, offset: total.rows };
      await side.copies.write(table, part, path);
      const { rows, sums } = await checksums(table, path);
      if (rows > 0) await use?.(path, rows, part);
      total = { rows: total.rows + rows, sums: sums.map((sum, index) => sum + (total.sums[index] ?? 0n)) };
      // Several uploads are one file.
      if (rows === 0 || tags.length > 1) return total;
    }
  } finally {
    await rm(path, { force: true });
  }
}

/** Reads the table as an analysis does. @throws Error if the catalog's aggregates are not those of the rows */
async function compareAggregates(
  { target: { tables }, signal }: MoveDeps,
  customerId: CustomerId,
  { table, uncommittedTags, lastTag }: TableForReading,
): Promise<void> {
  const { tableId, columns, timeColumn, rows, earliestAt, latestAt } = table;
  const time = columns.find(({ name }) => name === timeColumn) ?? null;
  const of = (fn: 'count' | 'min' | 'max') => {
    const column = fn === 'count' ? null : time;
    return { fn, column, q: null, by: null, as: fn, type: column?.type ?? 'integer' } as const;
  };
  const measures = time === null ? [of('count')] : [of('count'), of('min'), of('max')];
  const plan = { groupBy: [], measures, where: null, having: null, orderBy: [], limit: null };
  const limits: QueryLimits = { maxRows: 1, maxBytes: 1000, deadlineMs: AGGREGATES_MS, signal };
  const outcome = await tables.query(
    { customerId, tableId, columns, uncommittedTags, lastTag, rows, timeRange: null },
    plan,
    limits,
  );
  signal.throwIfAborted();
  if (outcome.kind !== 'rows')
    throw new Error(`the rows of customer ${customerId} could not be counted: ${outcome.kind}`);
  const [found = []] = outcome.rows;
  const expected = time === null ? [rows] : [rows, earliestAt, latestAt];
  if (expected.every((value, index) => String(value) === String(found[index]))) return;
  throw new Error(`customer ${customerId}: the aggregates [${expected}] became [${found}]`);
}
