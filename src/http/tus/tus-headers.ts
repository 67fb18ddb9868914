import type { IncomingHttpHeaders } from 'node:http';
import { Metadata } from '@tus/server';
import { Problem } from '../../errors.ts';
import type { Checksum } from '../../ingest/resumable/append-chunk.ts';

export const TUS_VERSION = '1.0.0';
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256'] as const;

/** @throws Problem tus_version_unsupported */
export function refuseOtherVersion({ 'tus-resumable': version }: IncomingHttpHeaders): void {
  if (version === TUS_VERSION) return;
  const detail = version
    ? `Tus-Resumable is '${String(version).slice(0, 20)}'; it must be ${TUS_VERSION}.`
    : 'The request has no header Tus-Resumable.';
  throw new Problem('tus_version_unsupported', detail);
}

/**
 * Reads the size of a new file.
 *
 * @returns bytes, at least 1
 * @throws Problem tus_request_invalid, upload_too_large, file_empty
 */
export function readLength(headers: IncomingHttpHeaders, maxUploadBytes: number): number {
  for (const name of ['Upload-Defer-Length', 'Upload-Concat']) {
    if (headers[name.toLowerCase()] === undefined) continue;
    throw new Problem('tus_request_invalid', `The extension with the header ${name} is not supported.`);
  }
  const length = String(headers['upload-length'] ?? '');
  if (!/^\d+$/.test(length) || !Number.isSafeInteger(Number(length))) {
    const detail = `Upload-Length is '${length.slice(0, 20)}'; it must be a number of bytes.`;
    throw new Problem('tus_request_invalid', detail);
  }
  if (Number(length) > maxUploadBytes) {
    const detail = `Upload-Length is ${length}; a file may have at most ${maxUploadBytes} bytes.`;
    throw new Problem('upload_too_large', detail, { max_bytes: maxUploadBytes });
  }
  if (Number(length) === 0) throw new Problem('file_empty', 'The file has no bytes: Upload-Length is 0.');
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
    const names = String(header)
      .split(',')
      .map((pair) => pair.split(' ')[0]);
    const repeated = names.find((name, index) => names.indexOf(name) < index);
    const detail = repeated
      ? `Upload-Metadata has the name '${repeated.slice(0, 80)}' twice.`
      : 'Upload-Metadata is not a list of names and Base64 values.';
    throw new Problem('tus_request_invalid', detail, {}, { cause });
  }
}

/** @throws Problem tus_request_invalid */
export function readChecksum({ 'upload-checksum': header }: IncomingHttpHeaders): Checksum | null {
  if (header === undefined) return null;
  const [name = '', digest = ''] = String(header).trim().split(/\s+/);
  const algorithm = CHECKSUM_ALGORITHMS.find((candidate) => candidate === name.toLowerCase());
  if (algorithm) return { algorithm, digest: Buffer.from(digest, 'base64') };
  const detail = `The algorithm of Upload-Checksum is '${name.slice(0, 20)}'; it must be ${CHECKSUM_ALGORITHMS.join(' or ')}.`;
  throw new Problem('tus_request_invalid', detail);
}

/** Checks the headers of a PATCH. @throws Problem tus_request_invalid, unsupported_media_type */
export function refuseWithoutOffset({ 'upload-offset': offset, 'content-type': type = '' }: IncomingHttpHeaders): void {
  if (!/^\d+$/.test(String(offset ?? ''))) {
    throw new Problem('tus_request_invalid', 'The header Upload-Offset is missing or not a number of bytes.');
  }
  if (type === 'application/offset+octet-stream') return;
  const detail = `The content type is '${type.slice(0, 80)}'; it must be application/offset+octet-stream.`;
  throw new Problem('unsupported_media_type', detail);
}
