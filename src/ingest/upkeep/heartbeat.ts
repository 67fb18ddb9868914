import type { Catalog } from '../../catalog/catalog.ts';
import type { NodeInstance, Presence } from '../../catalog/node.ts';
import type { Observe } from '../../events.ts';

const INTERVAL_MS = 3_000;
/** An instance that has not been seen for so long is dead. */
const DEAD_MS = 15_000;

export interface HeartbeatDeps {
  readonly catalog: Pick<Catalog, 'heartbeat' | 'expireInstances'>;
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
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | null = null;
  #lastAt = 0;
  /** Since when no heartbeat was missed. */
  #steadySince: number | null = null;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
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
    }, INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { catalog, instance, observe, onDeath, onEnd } = this.#deps;
    const at = performance.now();
    const presence = await catalog.heartbeat(instance);
    if (presence !== 'alive') {
      clearInterval(this.#timer);
      onEnd(presence);
      return;
    }
    if (this.#steadySince === null || at - this.#lastAt > 2 * INTERVAL_MS) this.#steadySince = at;
    this.#lastAt = at;
    // After an outage of the catalog, or a pause of this process, the others may only have had no chance to be seen.
    if (at - this.#steadySince < DEAD_MS) return;
    const nodes = await catalog.expireInstances(instance, DEAD_MS);
    for (const nodeId of nodes) observe({ kind: 'node_died', nodeId });
    if (nodes.length > 0) onDeath();
  }
}
