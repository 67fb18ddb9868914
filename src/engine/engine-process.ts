/**
 * The engine process: DuckDB in a process of its own, so that a file that crashes it harms only its own upload. Started by
 * `engine-client.ts`, which exchanges the messages of `protocol.ts` with it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { FAILPOINTS_CHANNEL, type Failpoint } from '../failpoints.ts';
import { collectEvidence } from './csv/collect-evidence.ts';
import { findFirstTime } from './csv/find-first-time.ts';
import { findRejectedRows } from './csv/find-rejected-rows.ts';
import { rewriteSegment } from './csv/rewrite-segment.ts';
import { scanRegularShapes } from './csv/scan-regular-shapes.ts';
import { Database } from './database.ts';
import { isBroken, messageOf, reasonOf } from './duckdb-failure.ts';
import type { Operations } from './operations.ts';
import type { EngineSettings, FromEngine, ToEngine } from './protocol.ts';
import { checksum, copyIn, copyOut } from './tables/copy-rows.ts';
import { encodeResult } from './tables/encode-result.ts';
import { exportParquet } from './tables/export-parquet.ts';
import { exportRows } from './tables/export-rows.ts';
import * as load from './tables/load.ts';
import { query } from './tables/query.ts';
import { readRows } from './tables/read-rows.ts';

const operations: Operations = {
  collect_evidence: collectEvidence,
  scan_regular_shapes: scanRegularShapes,
  find_rejected_rows: findRejectedRows,
  find_first_time: findFirstTime,
  rewrite_segment: rewriteSegment,
  begin_load: load.beginLoad,
  append: load.append,
  end_load: load.endLoad,
  purge: load.purge,
  drop: load.drop,
  query,
  read_rows: readRows,
  export_rows: exportRows,
  export_parquet: exportParquet,
  encode_result: encodeResult,
  copy_out: copyOut,
  copy_in: copyIn,
  checksum,
  ping: async () => null,
};

const running = new Map<number, AbortController>();
const EXIT_BROKEN = 70;
const REPORT_MEMORY_MS = 100;

function send(message: FromEngine, onSent: () => void = () => undefined): void {
  // The parent may exit at any moment, even while this is being sent; `disconnect` then ends this process.
  if (process.connected) process.send?.(message, undefined, {}, onSent);
}

async function run(call: ToEngine & { kind: 'call' }, duckdb: Database): Promise<void> {
  const { id } = call;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const operation = operations[call.operation] as (params: unknown, context: object) => Promise<unknown>;
    const result = await operation(call.params, {
      duckdb,
      signal: controller.signal,
      progress: (share: number) => send({ kind: 'progress', id, share }),
    });
    send({ kind: 'result', id, result });
  } catch (error) {
    const message = messageOf(error);
    if (isBroken(error)) {
      send({ kind: 'broken', id, reason: reasonOf(error), message }, () => process.exit(EXIT_BROKEN));
    } else {
      send({ kind: 'failure', id, reason: controller.signal.aborted ? 'cancelled' : reasonOf(error), message });
    }
  } finally {
    running.delete(id);
  }
}

// Ctrl-C reaches the whole process group. The parent decides when this process ends, by closing the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

// The crash tests observe the parent only.
subscribe(FAILPOINTS_CHANNEL, (name) => send({ kind: 'failpoint', name: name as Failpoint }));
if (process.platform === 'linux') {
  try {
    // If the machine runs out of memory, the kernel kills this process first, which is restarted (proc_pid_oom_score_adj(5)).
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // A sandbox may forbid it.
  }
} else {
  const report = (): void => send({ kind: 'memory', bytes: process.memoryUsage.rss() });
  setInterval(() => running.size > 0 && report(), REPORT_MEMORY_MS);
  report();
}

const duckdb = await Database.open(JSON.parse(process.argv[2] ?? '') as EngineSettings);
// A load uses every core it can get: HTTP requests take precedence.
setPriority(5);
process.on('message', (message: ToEngine) => {
  if (message.kind === 'call') void run(message, duckdb);
  else running.get(message.id)?.abort();
});
send({ kind: 'ready' });
