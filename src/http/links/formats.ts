import type { ExportFormat } from '../../api/rows.ts';

/** How a file of a format is sent. */
export interface LinkFormat {
  readonly mediaType: string;
  readonly extension: string;
  /** Whether a browser shows it or saves it. */
  readonly disposition: 'inline' | 'attachment';
}

export const LINK_FORMATS: Readonly<Record<ExportFormat | 'json', LinkFormat>> = {
  json: { mediaType: 'application/json; charset=utf-8', extension: 'json', disposition: 'inline' },
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', extension: 'csv', disposition: 'attachment' },
  ndjson: { mediaType: 'application/x-ndjson', extension: 'ndjson', disposition: 'attachment' },
  parquet: { mediaType: 'application/vnd.apache.parquet', extension: 'parquet', disposition: 'attachment' },
  arrow: { mediaType: 'application/vnd.apache.arrow.stream', extension: 'arrows', disposition: 'attachment' },
};
