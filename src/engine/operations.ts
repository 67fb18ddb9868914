import { findRejectedRows } from './csv/find-rejected-rows.ts';
import { firstTime } from './csv/first-time.ts';
import { inferFormats } from './csv/infer-formats.ts';
import { exportParquet } from './export-parquet.ts';
import { exportRows } from './export-rows.ts';
import * as load from './load.ts';
import type { Operations } from './operation.ts';
import { query } from './query.ts';
import { readRows } from './read-rows.ts';

export const operations: Operations = {
  infer_formats: inferFormats,
  begin_load: load.beginLoad,
  append: load.append,
  end_load: load.endLoad,
  purge: load.purge,
  drop: load.drop,
  find_rejected_rows: findRejectedRows,
  first_time: firstTime,
  query,
  read_rows: readRows,
  export_rows: exportRows,
  export_parquet: exportParquet,
  ping: async () => null,
};
