import type { IncomingHttpHeaders } from 'node:http';
import { Metadata } from '@tus/server';
import { Problem } from '../../errors.ts';
import type { Checksum } from '../../ingest/resumable/append-chunk.ts';

export const TUS_VERSION = '1.0.0';
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256'] as const;

/** @throws Problem tus_version_unsupported */
export function refuseOtherVersion({ 'tus-resumable': version }: IncomingHttpHeaders): void {
  if (version === TUS_VERSION) return;
  const detail = version ? `Tus-Resumable is '${String(version).slice(0, 20)}'.` : 'There is no header Tus-Resumable.';
  throw new Problem('tus_version_unsupported', detail);
}

/**
 * How long the file will be that is begun.
 *
 * @throws Problem tus_request_invalid, upload_too_large
 */
export function readLength(headers: IncomingHttpHeaders, maxUploadBytes: number): number {
  for (const name of ['Upload-Defer-Length', 'Upload-Concat']) {
    if (headers[name.toLowerCase()] === undefined) continue;
    throw new Problem('tus_request_invalid', `${name} belongs to an extension that Thena has not got.`);
  }
  const length = String(headers['upload-length'] ?? '');
  if (!/^\d+$/.test(length) || !Number.isSafeInteger(Number(length))) {
    throw new Problem(
      'tus_request_invalid',
      `Upload-Length is '${length.slice(0, 20)}'; it must be a number of bytes.`,
    );
  }
  if (Number(length) > maxUploadBytes) {
    const detail = `The file of ${length} bytes is larger than the ${maxUploadBytes} bytes that one upload may have.`;
    throw new Problem('upload_too_large', detail, { max_bytes: maxUploadBytes });
  }
  if (Number(length) === 0) throw new Problem('file_empty', 'Upload-Length is 0.');
  return Number(length);
}

/** @throws Problem tus_request_invalid */
export function readMetadata({
  'upload-metadata': header = '',
}: IncomingHttpHeaders): Readonly<Record<string, string | null>> {
  if (header === '') return {};
  try {
    return Metadata.parse(String(header));
  } catch (cause) {
    throw new Problem('tus_request_invalid', 'Upload-Metadata is no list of names and Base64.', {}, { cause });
  }
}

/** @throws Problem tus_request_invalid */
export function readChecksum({ 'upload-checksum': header }: IncomingHttpHeaders): Checksum | null {
  if (header === undefined) return null;
  const [name = '', digest = ''] = String(header).trim().split(/\s+/);
  const algorithm = CHECKSUM_ALGORITHMS.find((candidate) => candidate === name.toLowerCase());
  if (algorithm) return { algorithm, digest: Buffer.from(digest, 'base64') };
  const detail = `Upload-Checksum names '${name.slice(0, 20)}'; it must name ${CHECKSUM_ALGORITHMS.join(' or ')}.`;
  throw new Problem('tus_request_invalid', detail);
}

/** @throws Problem tus_request_invalid, unsupported_media_type */
export function refuseUnplacedBytes({ 'upload-offset': offset, 'content-type': type = '' }: IncomingHttpHeaders): void {
  if (!/^\d+$/.test(String(offset ?? ''))) {
    throw new Problem('tus_request_invalid', 'Upload-Offset does not say after how many bytes these come.');
  }
  if (type === 'application/offset+octet-stream') return;
  const detail = `The body is '${type.slice(0, 80)}'; it must be application/offset+octet-stream.`;
  throw new Problem('unsupported_media_type', detail);
}
