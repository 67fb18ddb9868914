import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Observe } from '../events.ts';
import { failpoint } from '../failpoints.ts';
import { StorageFailure } from '../model/storage-failure.ts';
import { ENGINE_OVERHEAD_BYTES, EngineMemory, type MemoryUse } from './engine-memory.ts';
import {
  type EngineOperation,
  type EngineOperations,
  type EngineSettings,
  type FailureMessage,
  type FromEngine,
  READS,
  REPEATABLE,
  type ToEngine,
} from './protocol.ts';

export interface CallOptions {
  /** Milliseconds after which the operation is cancelled. No limit by default, as for loads. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Memory that the operation may take beyond the limits of DuckDB and of the process. Default: 0. */
  readonly extraBytes?: number;
  /** Called from time to time with the share of the work that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

interface PendingCall {
  readonly operation: EngineOperation;
  readonly memory: MemoryUse;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((share: number) => void) | undefined;
}

interface RunningEngine {
  readonly child: ChildProcess;
  readonly pending: Map<number, PendingCall>;
  readonly memory: EngineMemory;
  /** The call that left DuckDB unusable: the process is about to exit. */
  broken: { readonly id: number; readonly error: StorageFailure } | null;
  /** Killed because it did not react to a cancellation. */
  killed: boolean;
}

/** How long an operation may take to react to its cancellation before the process is killed. */
const CANCEL_GRACE_MS = 5_000;
const MAX_RESTART_DELAY_MS = 5_000;
const STABLE_AFTER_MS = 10_000;

/** The engine inherits nothing else: the environment holds the admin key. */
const ENVIRONMENT = {
  // With the default of 4 threads a query waited up to 2 s behind loads; with 16, 36 ms.
  UV_THREADPOOL_SIZE: '16',
  // glibc (mallopt(3)) kept freed memory: two loads and four queries took 950 MiB, and 690 MiB with these and the allocator
  // settings in `database.ts`, in the same time.
  MALLOC_ARENA_MAX: '4',
  MALLOC_MMAP_THRESHOLD_: String(1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(4 * 1024 * 1024),
  // DuckDB's own allocator (jemalloc) kept freed memory for longer. Keeping it for 100 ms took 3% more time to load, keeping none of
  // it 10% more processor time. With a second, reading long texts exceeded the engine's limit.
  DUCKDB_JE_MALLOC_CONF: 'dirty_decay_ms:300,muzzy_decay_ms:0',
};

/** Runs operations in the engine process, and starts that process: at the first call, and again after it died. */
export class EngineClient {
  readonly #settings: EngineSettings;
  readonly #observe: Observe;
  #engine: Promise<RunningEngine> | null = null;
  #failures = 0;
  #nextId = 1;
  #closed = false;

  constructor(settings: EngineSettings, observe: Observe) {
    this.#settings = settings;
    this.#observe = observe;
  }

  /** Resolves when the engine responds. @throws StorageFailure */
  async start(): Promise<void> {
    await this.call('ping', null);
  }

  /**
   * Runs an operation. One that changes nothing is repeated once if the process dies, unless it may be to blame.
   *
   * @throws StorageFailure
   */
  async call<Name extends EngineOperation>(
    operation: Name,
    params: EngineOperations[Name]['params'],
    options: CallOptions = {},
  ): Promise<EngineOperations[Name]['result']> {
    try {
      return await this.#run(operation, params, options);
    } catch (error) {
      if (!mayRepeat(operation, error) || this.#closed) throw error;
      return this.#run(operation, params, options);
    }
  }

  /** Stops the process. Operations in flight fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const engine = await this.#engine?.catch(() => null);
    if (!engine || engine.child.exitCode !== null || engine.child.signalCode !== null) return;
    const exited = new Promise((resolve) => engine.child.once('exit', resolve));
    const timer = setTimeout(() => engine.child.kill('SIGKILL'), CANCEL_GRACE_MS);
    engine.child.disconnect();
    await exited;
    clearTimeout(timer);
  }

  async #run<Name extends EngineOperation>(
    operation: Name,
    params: EngineOperations[Name]['params'],
    { deadlineMs, signal, extraBytes = 0, onProgress }: CallOptions,
  ): Promise<EngineOperations[Name]['result']> {
    const signals = [signal, deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)];
    const abort = AbortSignal.any(signals.filter((each) => each !== undefined));
    if (abort.aborted) throw new StorageFailure('cancelled', `${operation} was cancelled before it began`);
    const engine = await this.#running();
    const { child, pending } = engine;
    const id = this.#nextId++;
    const memory = engine.memory.begin(extraBytes);
    let grace: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      send(child, { kind: 'cancel', id });
      grace = setTimeout(() => {
        engine.killed = true;
        child.kill('SIGKILL');
        const message = `${operation} did not react to its cancellation, so the engine was killed`;
        pending.get(id)?.reject(new StorageFailure('cancelled', message));
      }, CANCEL_GRACE_MS);
    };
    try {
      return await new Promise((resolve, reject) => {
        pending.set(id, { operation, memory, resolve: resolve as (result: unknown) => void, reject, onProgress });
        abort.addEventListener('abort', cancel, { once: true });
        send(child, { kind: 'call', id, operation, params });
        if (abort.aborted) cancel();
      });
    } finally {
      pending.delete(id);
      engine.memory.end(memory);
      abort.removeEventListener('abort', cancel);
      clearTimeout(grace);
    }
  }

  #running(): Promise<RunningEngine> {
    if (this.#closed) return Promise.reject(new StorageFailure('unavailable', 'Thena is stopping'));
    this.#engine ??= this.#launch();
    return this.#engine;
  }

  async #launch(): Promise<RunningEngine> {
    if (this.#failures > 0) await delay(Math.min(MAX_RESTART_DELAY_MS, 100 * 2 ** this.#failures));
    const child = fork(
      // In the npm package, the sources are compiled.
      fileURLToPath(new URL(`./engine-process${import.meta.url.slice(-3)}`, import.meta.url)),
      [JSON.stringify(this.#settings)],
      {
        serialization: 'advanced',
        env: ENVIRONMENT,
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    const pid = child.pid ?? 0;
    const memory = EngineMemory.of(pid, {
      limitBytes: this.#settings.memoryBytes + ENGINE_OVERHEAD_BYTES,
      onExceeded: (bytes, limitBytes) => {
        child.kill('SIGKILL');
        this.#observe({ kind: 'engine_memory_exceeded', pid, bytes, limitBytes });
      },
    });
    const engine: RunningEngine = { child, pending: new Map(), memory, broken: null, killed: false };
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const ended = (cause: string): void => {
        memory.stop();
        // A process that was killed for its memory can start: its successor need not wait.
        if (performance.now() - startedAt > STABLE_AFTER_MS) this.#failures = 0;
        if (!memory.isExceeded) this.#failures++;
        this.#engine = null;
        this.#observe({ kind: 'engine_stopped', pid, cause, expected: this.#closed });
        for (const [id, call] of engine.pending) {
          call.reject(engine.broken?.id === id ? engine.broken.error : deathOf(engine, cause, call));
        }
        engine.pending.clear();
        reject(deathOf(engine, cause, null));
      };
      child.once('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failpoint') failpoint(message.name);
        else if (message.kind === 'memory') memory.report(message.bytes);
        else if (message.kind === 'broken') engine.broken = { id: message.id, error: failureOf(message) };
        else settle(engine.pending, message);
      });
    });
    memory.ready();
    this.#observe({ kind: 'engine_started', pid });
    return engine;
  }
}

/** How a call fails that was running when the process ended; null: the start of the process. */
function deathOf(engine: RunningEngine, cause: string, call: PendingCall | null): StorageFailure {
  const excessOf = ({ memory }: PendingCall) => engine.memory.excessOf(memory);
  const alongsideQuery = [...engine.pending.values()].some(
    (each) => READS.has(each.operation) && excessOf(each)?.blame !== 'none',
  );
  const memoryExcess = call && excessOf(call);
  if (!memoryExcess) {
    const facts = { wasKilled: engine.killed, alongsideQuery };
    return new StorageFailure('crashed', `the engine process ended (${cause})`, facts);
  }
  const { bytes, limitBytes } = memoryExcess;
  const message = `the engine process took ${bytes} bytes of memory, more than its limit of ${limitBytes}, and was killed`;
  return new StorageFailure('out_of_memory', message, { memoryExcess, alongsideQuery });
}

function mayRepeat(operation: EngineOperation, error: unknown): boolean {
  if (!(error instanceof StorageFailure) || !error.storeStopped) return false;
  // An operation that took no memory may be repeated even if it is a query: it did not kill the process.
  if (error.memoryExcess?.blame === 'none') return REPEATABLE.has(operation) || READS.has(operation);
  return error.memoryExcess === null && REPEATABLE.has(operation);
}

function failureOf({ kind, reason, message }: FailureMessage): StorageFailure {
  return new StorageFailure(reason, message, { storeStopped: kind === 'broken' });
}

function settle(
  pending: Map<number, PendingCall>,
  message: Exclude<FromEngine, { kind: 'ready' | 'failpoint' | 'memory' }>,
): void {
  const call = pending.get(message.id);
  if (!call) return;
  if (message.kind === 'progress') call.onProgress?.(message.share);
  else if (message.kind === 'result') call.resolve(message.result);
  else call.reject(failureOf(message));
}

function send(child: ChildProcess, message: ToEngine): void {
  // A closed channel means that the process ended; its `exit` event rejects every pending call.
  if (child.connected) child.send(message, () => undefined);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
