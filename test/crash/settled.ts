import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { analyze, call } from '../server.ts';
import { findTableFile } from '../table-file.ts';

/** What the API reports of a customer whose uploads have all ended. */
export interface Settled {
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  readonly uploads: ReadonlyMap<string, any>;
  readonly totalRows: number;
}

/** How long it may take until the next upload ends. */
const MAX_STANDSTILL_MS = 120_000;

/** Waits until every upload of a customer has ended, and compares its receipts with each other and with analysis 10001. */
export async function settle(url: string, customer: string): Promise<Settled> {
  const uploads = await endedUploads(url, customer);
  const complete = uploads.filter(({ status }) => status === 'complete');
  complete.sort((a, b) => a.receipt.table_rows_after - b.receipt.table_rows_after);
  let rows = 0;
  for (const { id, receipt } of complete) {
    assert.equal(receipt.rows_in_file, receipt.appended + receipt.rejected, `receipt of ${id}`);
    assert.equal(receipt.table_rows_before, rows, `rows before ${id}`);
    rows += receipt.appended;
    assert.equal(receipt.table_rows_after, rows, `rows after ${id}`);
  }
  await assertTotalRows(url, customer, rows);
  return { uploads: new Map(uploads.map((upload) => [upload.id, upload])), totalRows: rows };
}

export async function assertTotalRows(url: string, customer: string, rows: number): Promise<void> {
  const { status, body } = await analyze(url, customer, 10001);
  if (rows > 0) assert.equal(body.result?.total_rows, rows, `total rows of ${customer}: ${JSON.stringify(body)}`);
  else assert.ok(status === 404 || status === 409, `${customer} has no rows, but its analysis answers ${status}`);
}

/** Waits until every upload of a customer has ended. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
export async function endedUploads(url: string, customer: string): Promise<readonly any[]> {
  let movedAt = Date.now();
  let stillOpen = Number.POSITIVE_INFINITY;
  for (;;) {
    const uploads = await allUploads(url, customer);
    const open = uploads.filter(({ status }) => ['receiving', 'received', 'ingesting'].includes(status));
    if (open.length === 0) return uploads;
    if (open.length < stillOpen) movedAt = Date.now();
    stillOpen = open.length;
    const standstill = `${open.length} uploads of ${customer} do not end, the oldest: ${JSON.stringify(open.slice(-3))}`;
    assert.ok(Date.now() - movedAt < MAX_STANDSTILL_MS, standstill);
    await delay(50);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
async function allUploads(url: string, customer: string): Promise<any[]> {
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  const uploads: any[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await call(`${url}/api/v1/customers/${customer}/uploads?limit=200${query}`);
    if (status === 404) return [];
    assert.equal(status, 200, JSON.stringify(body));
    uploads.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return uploads;
}

/** The rows of one file as they are stored. */
export interface StoredFile {
  readonly rows: number;
  readonly differentRows: number;
  readonly highestRow: number;
  /** The number of attempts that wrote them. */
  readonly tags: number;
}

/** A file that is stored exactly once. */
export function whole(rows: number): StoredFile {
  return { rows, differentRows: rows, highestRow: rows - 1, tags: 1 };
}

/** Reads the visible rows of a table while the server is stopped, without its code: by file number. The columns are those of `csvOf`. */
export async function storedFiles(dataDir: string, customer: string): Promise<ReadonlyMap<number, StoredFile>> {
  const path = findTableFile(dataDir, customer);
  if (path === null) return new Map();
  const hidden = uncommittedTags(dataDir, customer);
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY', threads: '1' });
  const connection = await instance.connect();
  try {
    const visible = hidden.length === 0 ? 'true' : `_thena_upload NOT IN (${hidden.join(', ')})`;
    const reader = await connection.runAndReadAll(
      `SELECT file, count(*), count(DISTINCT row), max(row), count(DISTINCT _thena_upload) FROM rows AS t("at", file, row) WHERE ${visible} GROUP BY file`,
    );
    return new Map(
      reader.getRows().map((row) => {
        const [file = 0, rows = 0, differentRows = 0, highestRow = 0, tags = 0] = row.map(Number);
        return [file, { rows, differentRows, highestRow, tags }];
      }),
    );
  } finally {
    // Otherwise the file stays locked.
    connection.closeSync();
    instance.closeSync();
  }
}

function uncommittedTags(dataDir: string, customer: string): readonly number[] {
  const catalog = new DatabaseSync(join(dataDir, 'catalog.sqlite'), { readOnly: true });
  try {
    const rows = catalog.prepare('SELECT tag FROM attempts WHERE customer_id = ?').all(customer);
    return rows.map(({ tag }) => Number(tag));
  } finally {
    catalog.close();
  }
}

/** The ids of resumable files that are no uploads yet. */
export function unfinished(dataDir: string): readonly string[] {
  const catalog = new DatabaseSync(join(dataDir, 'catalog.sqlite'), { readOnly: true });
  try {
    return catalog
      .prepare('SELECT id FROM resumable_files')
      .all()
      .map(({ id }) => String(id));
  } finally {
    catalog.close();
  }
}
