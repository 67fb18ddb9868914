import { isDeepStrictEqual } from 'node:util';
import type { ReceivedFile, Upload, UploadOptions } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';

/** What a sender who wants no duplicates is told of the earlier upload of the same bytes. */
export function duplicateOf({ id, createdAt }: Upload): Problem {
  const at = createdAt.toISOString();
  const detail = `These bytes were uploaded before, as upload ${id} at ${at}. Nothing was appended.`;
  return new Problem('duplicate_upload', detail, { upload_id: id, uploaded_at: at });
}

/** @throws Problem idempotency_key_reused where the earlier upload was another file, or asked for something else */
export function refuseOtherUse(earlier: Upload, file: ReceivedFile, options: UploadOptions): void {
  const sameBytes = earlier.file?.sha256 === file.sha256;
  if (sameBytes && isDeepStrictEqual(earlier.options, options)) return;
  throw new Problem(
    'idempotency_key_reused',
    `The idempotency key was used for upload ${earlier.id}, ${sameBytes ? 'with other options' : 'of another file'}.`,
    { upload_id: earlier.id },
  );
}
