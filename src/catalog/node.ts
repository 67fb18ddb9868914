import type { CustomerId, UploadId } from '../model/ids.ts';
import type { Reception } from './upload.ts';

/** How often an instance shows that it is alive. */
export const HEARTBEAT_MS = 3_000;
/** An instance that has not been seen for so long is dead. */
export const DEAD_AFTER_MS = 15_000;

/** A process that uses the catalog. */
export interface NodeInstance {
  /** The same whenever the node is started. */
  readonly nodeId: string;
  /** Different at every start: owns the leases of the process, and the files that it receives. */
  readonly instanceId: string;
  /** Of Thena. */
  readonly version?: string;
}

/** A node whose instance is alive. */
export interface SeenNode {
  readonly nodeId: string;
  /** Null: an earlier version, which did not record it. */
  readonly version: string | null;
  readonly startedAt: Date;
  /** How long ago its last heartbeat was. */
  readonly seenMs: number;
}

/** Where an instance runs, for people, and for those who want to know whether it has ended. */
export interface NodeProcess {
  readonly host: string;
  readonly pid: number;
}

export interface LiveInstance {
  readonly instanceId: string;
  /** Null if it did not say so. */
  readonly process: NodeProcess | null;
  /** When it was last seen, by the clock of the catalog. */
  readonly seenAt: number;
}

/**
 * `replaced`: another instance of the same node has registered. `expired`: another node has declared it dead, because it had not been
 * seen for too long. In both cases others take over what it had, and it has to end.
 */
export type Presence = 'alive' | 'replaced' | 'expired';

/** The instances that are alive. What others have left is taken over. */
export interface Nodes {
  /**
   * Makes an instance one that is alive. An earlier one of the same node is dead from now on.
   *
   * @param isOnlyProcess all earlier instances have certainly ended, of this node or any other
   */
  registerInstance(instance: NodeInstance, isOnlyProcess: boolean, process?: NodeProcess | null): Promise<void>;
  /** @returns the instance of a node that is alive, or null */
  findInstance(nodeId: string): Promise<LiveInstance | null>;
  /** Records that the instance is alive, if it still is. */
  heartbeat(instance: NodeInstance): Promise<Presence>;
  /** Declares the other instances dead that have not been seen for so long. @returns their nodes */
  expireInstances(self: NodeInstance, unseenMs: number): Promise<readonly string[]>;
  /** The instance ends, and has ended everything that it did. */
  removeInstance(instance: NodeInstance): Promise<void>;
  /** @returns the IDs of the instances that are alive */
  liveInstances(): Promise<ReadonlySet<string>>;
  /** The nodes whose instances are alive, in the order of their IDs. */
  nodes(): Promise<readonly SeenNode[]>;
  /** Ends the leases of dead instances, of uploads and of deliveries. */
  releaseDeadLeases(): Promise<void>;
  /** Uploads that the instance has not acknowledged. */
  receptionsOf(instance: NodeInstance): Promise<readonly UploadId[]>;
  /** Uploads that dead instances were receiving. Their clients never got a 202. */
  deadReceptions(): Promise<readonly DeadReception[]>;
}

export interface DeadReception extends Reception {
  readonly customerId: CustomerId;
}
