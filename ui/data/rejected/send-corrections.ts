import { useMutation, useQueryClient } from '@tanstack/react-query';
import { PREVIEW_BYTES } from '../../../client/preview-file.ts';
import type { FileOptions } from '../../../src/api/upload-options.ts';
import type { Upload } from '../../../src/api/uploads.ts';
import { client } from '../client.ts';
import { showUpload } from '../uploads.ts';
import { writeField } from './csv-record.ts';
import { type Draft, keepDrafts } from './drafts.ts';
import type { RejectedRows } from './rejected-rows.ts';

/** Why a corrected row still does not fit. */
export interface Fault {
  readonly column: string | null;
  readonly message: string;
}

/** Which corrected rows still do not fit, by the line of the original file: then nothing was sent. */
export type Faults = ReadonlyMap<number, Fault>;

/** Sends corrected rows, and only them, unless the server's preview shows that some still do not fit. */
export function useSendCorrections(upload: Upload) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({
      rejected,
      drafts,
    }: {
      readonly rejected: RejectedRows;
      readonly drafts: readonly Draft[];
    }) => {
      const { file, lines } = correctionsFile(upload, rejected, drafts);
      const options = optionsOf(upload, rejected);
      const preview = await client.preview(upload.customer_id, file, { options });
      const faults = new Map<number, Fault>();
      for (const { line, column, message } of preview.rejected) {
        const original = lines.get(line);
        if (original !== undefined) faults.set(original, { column, message });
      }
      if (faults.size > 0) return faults;
      const sent = await client.upload(upload.customer_id, file, { options });
      showUpload(queries, sent);
      keepDrafts(upload.id, new Map(drafts.map((draft) => [draft.line, { ...draft, sentWith: sent.id }])));
      return faults;
    },
  });
}

/** The first megabyte shows what does not fit, so more rows are sent in several files. */
const MOST_BYTES = PREVIEW_BYTES;

/** @returns the rows that one file takes */
export function firstDrafts(drafts: readonly Draft[]): readonly Draft[] {
  let bytes = 2_000;
  const end = drafts.findIndex(({ record }) => {
    bytes += record.length * 3 + 1;
    return bytes > MOST_BYTES;
  });
  return end < 0 ? drafts : drafts.slice(0, Math.max(1, end));
}

function correctionsFile(upload: Upload, { columns, dialect }: RejectedRows, drafts: readonly Draft[]) {
  const header = columns.map((name) => writeField(name, dialect)).join(dialect.delimiter);
  const lines = new Map<number, number>();
  let next = 2;
  for (const { line, record } of drafts) {
    lines.set(next, line);
    next += record.split('\n').length;
  }
  const text = [header, ...drafts.map(({ record }) => record), ''].join('\n');
  const file = new File([text], `corrections of ${upload.filename ?? 'file'}`.slice(0, 255), { type: 'text/csv' });
  return { file, lines };
}

/** The values are read as those of the original file. */
function optionsOf({ id, options }: Upload, { dialect }: RejectedRows): FileOptions {
  const { decimal, thousands, nulls, time_zone, date_order, columns } = options;
  return {
    corrects: id,
    header: true,
    encoding: 'utf-8',
    ...dialect,
    ...(decimal !== null && { decimal }),
    ...(thousands !== null && { thousands }),
    ...(nulls !== null && { nulls: nulls.join(',') }),
    ...(time_zone !== null && { time_zone }),
    ...(date_order !== null && { date_order }),
    ...(columns !== null && { columns: JSON.stringify(columns) }),
  };
}
