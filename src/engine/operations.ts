import { findRefusals } from './csv/find-refusals.ts';
import { firstTime } from './csv/first-time.ts';
import { inferReading } from './csv/infer-reading.ts';
import * as load from './load.ts';
import type { Operations } from './operation.ts';
import { query } from './query.ts';

export const operations: Operations = {
  infer_reading: inferReading,
  begin_load: load.beginLoad,
  append: load.append,
  end_load: load.endLoad,
  purge: load.purge,
  drop: load.drop,
  find_refusals: findRefusals,
  first_time: firstTime,
  query,
  ping: async () => null,
};
