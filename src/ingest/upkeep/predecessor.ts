import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from '../../catalog/catalog.ts';
import { DEAD_AFTER_MS, HEARTBEAT_MS, type LiveInstance, type NodeProcess } from '../../catalog/node.ts';
import type { Observe } from '../../events.ts';
import { SettingError } from '../../setting-error.ts';

/** A process of this machine, which can ask for others. */
export interface OwnProcess extends NodeProcess {
  isRunning(pid: number): boolean;
}

export interface PredecessorDeps {
  readonly catalog: Pick<Catalog, 'findInstance'>;
  readonly nodeId: string;
  readonly own: OwnProcess;
  readonly observe: Observe;
}

export interface PredecessorTiming {
  readonly pollMs: number;
  /** An instance that was not seen for so long is dead, and may be replaced. One that stops has ended by then. */
  readonly deadMs: number;
  /** One that was seen so recently runs. */
  readonly seenMs: number;
}

const TIMING: PredecessorTiming = { pollMs: 500, deadMs: DEAD_AFTER_MS, seenMs: 2 * HEARTBEAT_MS };

/**
 * Waits until no other process is the same node. After a crash, or when a process is on its way to stop, that is soon. Otherwise two nodes have
 * the same ID: if each replaced the other, a supervisor would start them in turn for ever.
 *
 * @throws SettingError that names the other process
 */
export async function awaitPredecessor(
  { catalog, nodeId, own, observe }: PredecessorDeps,
  { pollMs, deadMs, seenMs }: PredecessorTiming = TIMING,
): Promise<void> {
  const startedAt = performance.now();
  let seen = { instance: '', at: startedAt };
  for (;;) {
    const other = await catalog.findInstance(nodeId);
    if (other === null || hasEnded(other, own)) return;
    const { process } = other;
    const now = performance.now();
    // The clock of the catalog may have been set, and after an outage of the catalog nobody was seen for a while.
    const instance = `${other.instanceId} ${other.seenAt}`;
    if (seen.instance === '') observe({ kind: 'node_waits', nodeId, process });
    if (seen.instance !== instance) seen = { instance, at: now };
    if (now - seen.at >= deadMs) return;
    if (now - startedAt >= deadMs && now - seen.at < seenMs) {
      const where = process === null ? '' : `: process ${process.pid} on ${process.host}`;
      throw new SettingError(
        `Node ${nodeId} runs already${where}. Each node needs a THENA_NODE_ID of its own. If this one is to take the place of the other, stop that first.`,
      );
    }
    await wait(pollMs);
  }
}

/** Whether the process is certainly gone. In a container that was started again, it had the same number as this one. */
function hasEnded({ process }: LiveInstance, own: OwnProcess): boolean {
  return process?.host === own.host && (process.pid === own.pid || !own.isRunning(process.pid));
}
