import type { EngineClient } from '../../engine/engine-client.ts';
import type { CsvReader } from '../csv-reader.ts';

/** Reads CSV in the engine process, which must be allowed to read and write the folders of all files. */
export function duckdbCsvReader(engine: EngineClient): CsvReader {
  return {
    collectEvidence: (request, options) => engine.call('collect_evidence', request, options),
    scanRegularShapes: (request, options) => engine.call('scan_regular_shapes', request, options),
    findRejectedRows: (request, options) => engine.call('find_rejected_rows', request, options),
    findFirstTime: (request, options) => engine.call('find_first_time', request, options),
  };
}
