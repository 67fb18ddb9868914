import type { Database } from './database.ts';
import type { EngineOperation, EngineOperations } from './protocol.ts';

export interface OperationContext {
  readonly duckdb: Database;
  /** Aborts when the caller cancels the operation or its deadline passes. */
  readonly signal: AbortSignal;
  /** Reports to the caller which share of the work is done, from 0 to 1. */
  readonly progress: (share: number) => void;
}

/** The implementation of each operation of the protocol. */
export type Operations = {
  readonly [Name in EngineOperation]: (
    params: EngineOperations[Name]['params'],
    context: OperationContext,
  ) => Promise<EngineOperations[Name]['result']>;
};
