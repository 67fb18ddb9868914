import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { DEAD_AFTER_MS, HEARTBEAT_MS, type NodeInstance } from '../catalog/node.ts';
import { SettingError } from '../setting-error.ts';

/** No node may have this ID. */
const MOVER = '(move)';
/** A node that starts looks for moves first, and is registered then: afterwards, each sees the other. */
const REGISTRATION_MS = 2_000;

export interface MoveRegistration {
  /** @throws SettingError if nodes are running, which were started while this process was suspended, or another move has replaced this one */
  confirm(): Promise<void>;
  /** Aborts if that is so. */
  readonly signal: AbortSignal;
  end(): Promise<void>;
}

/**
 * Registers the move like a node, so that no other starts.
 *
 * @throws SettingError if nodes are running
 */
export async function keepNodesAway(catalog: Catalog): Promise<MoveRegistration> {
  const self: NodeInstance = { nodeId: MOVER, instanceId: randomUUID() };
  const lost = new AbortController();
  await catalog.registerInstance(self, false);
  const confirm = async (): Promise<void> => {
    const presence = await catalog.heartbeat(self);
    if (presence === 'replaced') throw new SettingError('Another move has begun.');
    await refuseNodes(catalog);
    if (presence === 'expired') throw new SettingError('Nodes of the cluster were running during the move.');
  };
  let beats: NodeJS.Timeout = setInterval(() => void catalog.heartbeat(self).catch(() => undefined), HEARTBEAT_MS);
  const end = async (): Promise<void> => {
    clearInterval(beats);
    await catalog.removeInstance(self);
  };
  try {
    await wait(REGISTRATION_MS);
    await catalog.expireInstances(self, DEAD_AFTER_MS);
    await refuseNodes(catalog);
    clearInterval(beats);
    beats = setInterval(() => void confirm().catch((error: Error) => lost.abort(error)), HEARTBEAT_MS);
    return { confirm, end, signal: lost.signal };
  } catch (error) {
    await end();
    throw error;
  }
}

/** @throws SettingError that names the nodes that are running */
async function refuseNodes(catalog: Catalog): Promise<void> {
  const nodes = (await catalog.nodes()).map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== MOVER);
  if (nodes.length === 0) return;
  throw new SettingError(
    `These nodes of the cluster are running: ${nodes.join(', ')}. Stop them first. One that was killed counts as running for ${DEAD_AFTER_MS / 1000} seconds.`,
  );
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
