import { findRefusals } from './csv/find-refusals.ts';
import { firstTime } from './csv/first-time.ts';
import { inferReading } from './csv/infer-reading.ts';
import type { Database } from './database.ts';
import * as load from './load.ts';
import type { EngineOperation, EngineOperations } from './protocol.ts';

export interface OperationContext {
  readonly duckdb: Database;
  /** Aborts when the caller cancelled or its deadline passed. */
  readonly signal: AbortSignal;
  /** Tells the caller which share of the work is done, from 0 to 1. */
  readonly progress: (share: number) => void;
}

export type Operations = {
  readonly [Name in EngineOperation]: (
    params: EngineOperations[Name]['params'],
    context: OperationContext,
  ) => Promise<EngineOperations[Name]['result']>;
};

export const operations: Operations = {
  infer_reading: inferReading,
  begin_load: load.beginLoad,
  append: load.append,
  end_load: load.endLoad,
  purge: load.purge,
  drop: load.drop,
  find_refusals: findRefusals,
  first_time: firstTime,
  ping: async () => null,
};
