/**
 * The engine process: DuckDB on its own, so that a file that crashes it harms only its own upload. Started by
 * `engine-client.ts`; talks with it by the messages of `protocol.ts`.
 */
import { setPriority } from 'node:os';
import { Database } from './database.ts';
import { isBroken, messageOf, reasonOf } from './duckdb-failure.ts';
import { operations } from './operations.ts';
import type { EngineSettings, FromEngine, ToEngine } from './protocol.ts';

const running = new Map<number, AbortController>();
const EXIT_BROKEN = 70;

function tell(message: FromEngine, told: () => void = () => undefined): void {
  // The parent may be gone, even while this is sent; `disconnect` ends this process then.
  if (process.connected) process.send?.(message, undefined, {}, told);
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
      progress: (share: number) => tell({ kind: 'progress', id, share }),
    });
    tell({ kind: 'result', id, result });
  } catch (error) {
    const message = messageOf(error);
    if (isBroken(error)) {
      tell({ kind: 'broken', id, reason: reasonOf(error), message }, () => process.exit(EXIT_BROKEN));
    } else {
      tell({ kind: 'failure', id, reason: controller.signal.aborted ? 'cancelled' : reasonOf(error), message });
    }
  } finally {
    running.delete(id);
  }
}

// Ctrl-C reaches the whole process group; the parent decides when this process ends, by closing the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

const duckdb = await Database.open(JSON.parse(process.argv[2] ?? '') as EngineSettings);
// Loading takes every core it gets: answering HTTP comes first.
setPriority(5);
process.on('message', (message: ToEngine) => {
  if (message.kind === 'call') void run(message, duckdb);
  else running.get(message.id)?.abort();
});
tell({ kind: 'ready' });
