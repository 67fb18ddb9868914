import type { Problem } from '../src/api/problems.ts';
import type { Upload } from '../src/api/uploads.ts';
import type { Connection } from './connection.ts';
import { type EventOptions, serverEvents } from './server-events.ts';
import { ThenaProblem } from './thena-problem.ts';

/**
 * An upload whenever it has changed; the last one has ended.
 *
 * @throws ThenaProblem if the file was refused before it was acknowledged, or the upload does not exist
 */
export async function* followUpload(
  connection: Connection,
  id: string,
  options: EventOptions = {},
): AsyncGenerator<Upload, void> {
  const path = `/api/v1/uploads/${encodeURIComponent(id)}/events`;
  for await (const { event, data } of serverEvents(connection, path, options)) {
    if (event === 'problem') throw new ThenaProblem(JSON.parse(data) as Problem);
    if (event !== 'progress' && event !== 'end') continue;
    yield JSON.parse(data) as Upload;
    if (event === 'end') return;
  }
}

/** @returns the upload, which is complete, failed, cancelled or undone */
export async function waitForEnd(
  connection: Connection,
  id: string,
  { onChange, ...options }: EventOptions & { readonly onChange?: (upload: Upload) => void } = {},
): Promise<Upload> {
  for await (const upload of followUpload(connection, id, options)) {
    onChange?.(upload);
    if (upload.finished_at !== null) return upload;
  }
  throw new Error('the events ended before the upload did');
}
