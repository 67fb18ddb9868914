import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CsvSegment, CsvSource } from '../../src/csv/segment.ts';
import { EngineClient } from '../../src/engine/engine-client.ts';
import type { Observation } from '../../src/events.ts';
import type { DuckdbSettings } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { segmentOf } from '../builders.ts';

export interface EngineInFolder {
  readonly engine: EngineClient;
  readonly folder: string;
  readonly tables: string;
  /** Settings of a table store that uses this engine. */
  readonly storeSettings: DuckdbSettings;
  readonly observed: Observation[];
  /** The pid of the engine process that was started last. */
  pid(): number;
  /** Writes records without a header as a segment. */
  segment(text: string): CsvSegment;
  source(columns: readonly string[], ...texts: readonly string[]): CsvSource;
  close(): Promise<void>;
}

/** Starts an engine process in a new temporary folder. */
export async function engineInFolder(
  settings: { openTables?: number; memoryBytes?: number } = {},
): Promise<EngineInFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-engine-'));
  const [tables, spool, temp, exports] = ['tables', 'spool', 'tmp', 'exports'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [tables, spool, temp, exports]) mkdirSync(path);
  const observed: Observation[] = [];
  const engine = new EngineClient(
    {
      directories: [tables, spool, exports],
      tempDirectory: temp,
      memoryBytes: settings.memoryBytes ?? 256 * 1024 * 1024,
      threads: 2,
      openTables: settings.openTables ?? 10,
    },
    (observation) => observed.push(observation),
  );
  await engine.start();
  let segments = 0;
  const segment = (text: string): CsvSegment => {
    const path = join(spool, `${segments++}.csv`);
    writeFileSync(path, text);
    return segmentOf({
      path,
      bytes: Buffer.byteLength(text),
      // Line feeds in quotes end no record.
      records: text.replaceAll(/"[^"]*"/g, '').split('\n').length - 1,
      multiline: text.includes('"'),
    });
  };
  return {
    engine,
    folder,
    tables,
    storeSettings: { tables, exports, reserveBytes: 0, quantileBytes: 256 * 1024 * 1024 },
    observed,
    pid: () => observed.findLast((each) => each.kind === 'engine_started')?.pid ?? 0,
    segment,
    source: (columns, ...texts) => ({
      dialect: { delimiter: ',', quote: '"', header: true },
      columns,
      segments: texts.map(segment),
    }),
    close: async () => {
      await engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}
