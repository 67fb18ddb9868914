import type { Catalog } from '../../catalog/catalog.ts';
import { DEAD_AFTER_MS, HEARTBEAT_MS, type NodeInstance, type Presence } from '../../catalog/node.ts';
import type { Observe } from '../../events.ts';

export interface HeartbeatTiming {
  readonly intervalMs: number;
  /** An instance that has not been seen for so long is dead. */
  readonly deadMs: number;
}

const TIMING: HeartbeatTiming = { intervalMs: HEARTBEAT_MS, deadMs: DEAD_AFTER_MS };

export interface HeartbeatDeps {
  readonly catalog: Pick<Catalog, 'heartbeat' | 'expireInstances' | 'now'>;
  readonly instance: NodeInstance;
  readonly observe: Observe;
  /** Other instances have died: what they have left can be taken over. */
  readonly onDeath: () => void;
  /** Others take over what this instance has: it has to end. Called once. */
  readonly onEnd: (why: Exclude<Presence, 'alive'>) => void;
}

/** Shows other nodes that this instance is alive, and finds out which of them are not. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #timing: HeartbeatTiming;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | null = null;
  /** The latest heartbeat, by the clock of this process and by that of the catalog. */
  #last = { at: 0, clock: 0 };
  /** Since when no heartbeat was missed, and the clock of the catalog was not set. */
  #steadySince: number | null = null;

  constructor(deps: HeartbeatDeps, timing = TIMING) {
    this.#deps = deps;
    this.#timing = timing;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat()
        .catch((error: Error) => {
          this.#steadySince = null;
          this.#deps.observe({ kind: 'background_failed', task: 'heartbeat', error });
        })
        .finally(() => {
          this.#beating = null;
        });
    }, this.#timing.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { catalog, instance, observe, onDeath, onEnd } = this.#deps;
    const { intervalMs, deadMs } = this.#timing;
    const startedAt = performance.now();
    const presence = await catalog.heartbeat(instance);
    if (presence !== 'alive') {
      clearInterval(this.#timer);
      onEnd(presence);
      return;
    }
    const clock = await catalog.now();
    const at = performance.now();
    const since = at - this.#last.at;
    const isLate = at - startedAt > intervalMs || since > 2 * intervalMs;
    const isClockSet = Math.abs(clock - this.#last.clock - since) > 2 * intervalMs;
    // After an outage of the catalog, or a pause of this process, the others may only have had no chance to be seen.
    if (this.#steadySince === null || isLate || isClockSet) this.#steadySince = at;
    this.#last = { at, clock };
    if (at - this.#steadySince < deadMs) return;
    const nodes = await catalog.expireInstances(instance, deadMs);
    for (const nodeId of nodes) observe({ kind: 'node_died', nodeId });
    if (nodes.length > 0) onDeath();
  }
}
