import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { DEAD_AFTER_MS, HEARTBEAT_MS, type NodeInstance } from '../catalog/node.ts';
import { SettingError } from '../setting-error.ts';

/** No node may have this ID. */
const MOVER = '(move)';
/** A node that starts looks for moves first, and is registered then: afterwards, each sees the other. */
const REGISTRATION_MS = 2_000;

/**
 * Registers the move like a node, so that no other starts.
 *
 * @returns ends that, and a signal that aborts if another move has replaced this one
 * @throws SettingError if nodes are running
 */
export async function keepNodesAway(
  catalog: Catalog,
): Promise<{ readonly end: () => Promise<void>; readonly signal: AbortSignal }> {
  const self: NodeInstance = { nodeId: MOVER, instanceId: randomUUID() };
  const lost = new AbortController();
  await catalog.registerInstance(self, false);
  const beat = async (): Promise<void> => {
    if ((await catalog.heartbeat(self)) !== 'alive') lost.abort(new SettingError('Another move has begun.'));
  };
  const beats = setInterval(() => void beat().catch((error: Error) => lost.abort(error)), HEARTBEAT_MS);
  const end = async (): Promise<void> => {
    clearInterval(beats);
    await catalog.removeInstance(self);
  };
  try {
    await wait(REGISTRATION_MS);
    await catalog.expireInstances(self, DEAD_AFTER_MS);
    const others = (await catalog.nodes()).map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== MOVER);
    if (others.length === 0) return { end, signal: lost.signal };
    throw new SettingError(
      `These nodes of the cluster are running: ${others.join(', ')}. Stop them first. One that was killed counts as running for ${DEAD_AFTER_MS / 1000} seconds.`,
    );
  } catch (error) {
    await end();
    throw error;
  }
}

/** @throws SettingError if data are being moved from or into the catalog, or a move into it was interrupted */
export async function refuseDuringMove(catalog: Catalog): Promise<void> {
  const move = await catalog.copies.move();
  if (move) {
    throw new SettingError(`The move from ${move.source} has not ended: run the same thena move again, to its end.`);
  }
  // Others are not judged: after an outage of the catalog, they may only have had no chance to be seen.
  const mover = await catalog.findInstance(MOVER);
  if (mover && Math.abs((await catalog.now()) - mover.seenAt) < DEAD_AFTER_MS) {
    throw new SettingError('The data of this cluster are being moved. Start the node afterwards.');
  }
}
