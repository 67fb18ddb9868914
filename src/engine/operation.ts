import type { Database } from './database.ts';
import type { EngineOperation, EngineOperations } from './protocol.ts';

export interface OperationContext {
  readonly duckdb: Database;
  /** Aborts when the caller cancelled or its deadline passed. */
  readonly signal: AbortSignal;
  /** Tells the caller which share of the work is done, from 0 to 1. */
  readonly progress: (share: number) => void;
}

/** How each operation of the protocol is done. */
export type Operations = {
  readonly [Name in EngineOperation]: (
    params: EngineOperations[Name]['params'],
    context: OperationContext,
  ) => Promise<EngineOperations[Name]['result']>;
};
