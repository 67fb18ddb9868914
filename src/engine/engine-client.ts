import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Observe } from '../events.ts';
import {
  type EngineOperation,
  type EngineOperations,
  type EngineSettings,
  type FromEngine,
  READS,
  REPEATABLE,
  type ToEngine,
} from './protocol.ts';

/** An operation that the engine could not do. What went wrong stands in the message, in DuckDB's words. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}

/** The engine process ended under an operation, or could not be started. */
export class EngineStopped extends Error {
  override readonly name: string = 'EngineStopped';
  /** Thena ended it itself, for an operation that did not mind being cancelled: no other one is to blame. */
  readonly wasKilled: boolean;
  /** A query, or another reading of a table, was under way, which may be to blame. */
  readonly besideQuery: boolean;

  constructor(message: string, { wasKilled = false, besideQuery = false } = {}) {
    super(message);
    this.wasKilled = wasKilled;
    this.besideQuery = besideQuery;
  }
}

/** DuckDB ended the process itself, under this operation, for a reason of its own: it stands in the message, in its words. */
export class EngineBroken extends EngineStopped {
  override readonly name = 'EngineBroken';
}

/** The operation was cancelled, or its deadline passed. */
export class EngineCancelled extends Error {
  override readonly name = 'EngineCancelled';
}

export interface CallOptions {
  /** Milliseconds after which the operation is cancelled. None by default: a load takes as long as it takes. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Told now and then which share of the work is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

interface Pending {
  readonly operation: EngineOperation;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((share: number) => void) | undefined;
}

interface RunningEngine {
  readonly child: ChildProcess;
  readonly pending: Map<number, Pending>;
  /** By what DuckDB became unusable: the process is about to end. */
  broken: { readonly id: number; readonly error: EngineBroken } | null;
  /** It did not mind a cancellation. */
  killed: boolean;
}

/** How long an operation may take to notice that it was cancelled, before the process is killed. */
const CANCEL_GRACE_MS = 5_000;
const MAX_RESTART_DELAY_MS = 5_000;
const STABLE_AFTER_MS = 10_000;

// A query waited up to 2 s behind loads with the default of 4 threads, 36 ms with 16.
const POOL_THREADS = '16';

/** Starts the engine process, starts it again when it dies, and asks it for operations. */
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

  /** Resolves when the engine answers. @throws EngineStopped */
  async start(): Promise<void> {
    await this.call('ping', null);
  }

  /**
   * @throws EngineFailure where DuckDB refuses
   * @throws EngineStopped where the process died; what changes nothing was then asked twice
   * @throws EngineBroken where it did so by itself, DuckDB being unusable
   * @throws EngineCancelled
   */
  async call<Name extends EngineOperation>(
    operation: Name,
    params: EngineOperations[Name]['params'],
    options: CallOptions = {},
  ): Promise<EngineOperations[Name]['result']> {
    try {
      return await this.#ask(operation, params, options);
    } catch (error) {
      if (!(error instanceof EngineStopped) || !REPEATABLE.has(operation) || this.#closed) throw error;
      return this.#ask(operation, params, options);
    }
  }

  /** Ends the process: what is in flight fails with EngineStopped. */
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

  async #ask<Name extends EngineOperation>(
    operation: Name,
    params: EngineOperations[Name]['params'],
    { deadlineMs, signal, onProgress }: CallOptions,
  ): Promise<EngineOperations[Name]['result']> {
    const signals = [signal, deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)];
    const abort = AbortSignal.any(signals.filter((each) => each !== undefined));
    if (abort.aborted) throw new EngineCancelled(`${operation} was cancelled before it began`);
    const engine = await this.#running();
    const { child, pending } = engine;
    const id = this.#nextId++;
    let grace: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      send(child, { kind: 'cancel', id });
      grace = setTimeout(() => {
        engine.killed = true;
        child.kill('SIGKILL');
        pending.get(id)?.reject(new EngineCancelled(`${operation} was cancelled, and the engine ended for it`));
      }, CANCEL_GRACE_MS);
    };
    try {
      return await new Promise((resolve, reject) => {
        pending.set(id, { operation, resolve: resolve as (result: unknown) => void, reject, onProgress });
        abort.addEventListener('abort', cancel, { once: true });
        send(child, { kind: 'call', id, operation, params });
        if (abort.aborted) cancel();
      });
    } finally {
      pending.delete(id);
      abort.removeEventListener('abort', cancel);
      clearTimeout(grace);
    }
  }

  #running(): Promise<RunningEngine> {
    if (this.#closed) return Promise.reject(new EngineStopped('Thena is stopping'));
    this.#engine ??= this.#launch();
    return this.#engine;
  }

  async #launch(): Promise<RunningEngine> {
    if (this.#failures > 0) await delay(Math.min(MAX_RESTART_DELAY_MS, 100 * 2 ** this.#failures));
    const child = fork(
      fileURLToPath(new URL('./engine-process.ts', import.meta.url)),
      [JSON.stringify(this.#settings)],
      {
        serialization: 'advanced',
        // The environment holds the admin key, and is not the engine's business.
        env: { UV_THREADPOOL_SIZE: POOL_THREADS },
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    const engine: RunningEngine = { child, pending: new Map(), broken: null, killed: false };
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      const ended = (cause: string): void => {
        const error = new EngineStopped(`the engine process ended (${cause})`, {
          wasKilled: engine.killed,
          besideQuery: [...engine.pending.values()].some(({ operation }) => READS.has(operation)),
        });
        this.#failures = performance.now() - startedAt > STABLE_AFTER_MS ? 1 : this.#failures + 1;
        this.#engine = null;
        this.#observe({ kind: 'engine_stopped', pid: child.pid ?? 0, cause, expected: this.#closed });
        for (const [id, { reject: fail }] of engine.pending)
          fail(engine.broken?.id === id ? engine.broken.error : error);
        engine.pending.clear();
        reject(error);
      };
      child.once('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'broken')
          engine.broken = { id: message.id, error: new EngineBroken(message.message) };
        else settle(engine.pending, message);
      });
    });
    this.#observe({ kind: 'engine_started', pid: child.pid ?? 0 });
    return engine;
  }
}

function settle(pending: Map<number, Pending>, message: Exclude<FromEngine, { kind: 'ready' | 'broken' }>): void {
  const call = pending.get(message.id);
  if (!call) return;
  if (message.kind === 'progress') call.onProgress?.(message.share);
  else if (message.kind === 'result') call.resolve(message.result);
  else call.reject(message.cancelled ? new EngineCancelled(message.message) : new EngineFailure(message.message));
}

function send(child: ChildProcess, message: ToEngine): void {
  // A channel that closed means that the process ended, which `exit` tells every pending call.
  if (child.connected) child.send(message, () => undefined);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
