import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment, type CsvSource } from '../../csv/segment.ts';
import { hasFullTimes, isCertainSegment } from '../../csv/values/certain-columns.ts';
import type { EngineClient } from '../../engine/engine-client.ts';
import type { ParsedFile } from '../../model/parsed-columns.ts';
import type { Appended } from '../table-store.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { type InsertedDialect, type InsertTarget, insertSettings, insertSql, readsFields } from './insert-sql.ts';
import { insertId } from './running-statements.ts';

const READ_BYTES = 1024 * 1024;
const PROGRESS_EVERY_MS = 100;

export interface SegmentToLoad extends InsertTarget {
  readonly file: ParsedFile;
  readonly dialect: CsvSource['dialect'];
  readonly segment: CsvSegment;
  /** The place of its first record among the rows of the attempt. */
  readonly firstRow: number;
  /** Where its rows go. */
  readonly shard: ClickhouseShard;
  /** Names this segment among all that were ever sent: a server drops an insert whose token it has seen. */
  readonly token: string;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

export interface SegmentDeps {
  readonly engine: EngineClient;
  /** The folder for rewritten segments. */
  readonly tempDirectory: string;
}

/**
 * Inserts the records of a segment. ClickHouse parses the segment itself if the shapes of its fields make all values certain and it has no blank
 * lines; otherwise the engine rewrites it with canonical values first, as it does for its own tables.
 *
 * @throws StorageFailure
 */
export async function loadSegment({ engine, tempDirectory }: SegmentDeps, load: SegmentToLoad): Promise<Appended> {
  const { file, segment, dialect, signal, onProgress } = load;
  const isReadable = readsFields(dialect, segment);
  if (isReadable && !segment.blankLines && isCertainSegment(segment, file)) {
    const rows = await insert(load, segment.path, dialect, onProgress);
    return { rows, ambiguousTimes: [], incompleteTimes: null };
  }
  const path = join(tempDirectory, `${randomUUID()}.csv`);
  try {
    const rewritten = await engine.call(
      'rewrite_segment',
      { ...file, dialect, segment, recode: !isReadable, path },
      // Rewriting and inserting take about as long.
      { signal, onProgress: (share) => onProgress(share / 2) },
    );
    const rows = await insert(load, path, rewritten.dialect, (share) => onProgress(0.5 + share / 2));
    return { rows, ambiguousTimes: rewritten.ambiguousTimes, incompleteTimes: rewritten.incompleteTimes };
  } finally {
    await rm(path, { force: true });
  }
}

async function insert(
  { file: { columns }, segment, firstRow, shard, token, signal, ...target }: SegmentToLoad,
  path: string,
  dialect: InsertedDialect,
  onProgress: (share: number) => void,
): Promise<number> {
  const { table, tag } = target;
  const source = await open(path);
  let timer: NodeJS.Timeout | undefined;
  try {
    const { size } = await source.stat();
    const values = source.createReadStream({ start: await textStart(source), highWaterMark: READ_BYTES });
    timer = setInterval(() => onProgress(values.bytesRead / Math.max(1, size)), PROGRESS_EVERY_MS);
    const rows = await shard.insert(insertSql(target, columns, firstRow), {
      values,
      signal,
      queryId: insertId(table, tag),
      settings: insertSettings({ ...dialect, hasFullTimes: hasFullTimes(segment, columns) }, token),
    });
    onProgress(1);
    return rows;
  } finally {
    clearInterval(timer);
    await source.close();
  }
}

/** Where the text of a segment file begins: ClickHouse takes a byte order mark for text. */
async function textStart(file: FileHandle): Promise<number> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTE_ORDER_MARK.length), 0, BYTE_ORDER_MARK.length, 0);
  return beginsWithMark(buffer.subarray(0, bytesRead)) ? BYTE_ORDER_MARK.length : 0;
}
