import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ReceivedFile, Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { type CustomerAccess, mayAccessUpload } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';

/** The problem of a file whose bytes were uploaded before, if duplicates are to be rejected. */
export function duplicateOf({ id, createdAt }: Upload): Problem {
  const at = createdAt.toISOString();
  const detail = `Upload ${id} brought the same bytes at ${at}. Nothing was appended.`;
  return new Problem('duplicate_upload', detail, { upload_id: id, uploaded_at: at });
}

/** @throws Problem idempotency_key_reused if the earlier upload had other bytes or other options */
export function refuseReusedKey(
  earlier: Upload,
  file: ReceivedFile,
  { options, corrects }: Pick<Upload, 'options' | 'corrects'>,
): void {
  const sameBytes = earlier.file?.sha256 === file.sha256;
  if (sameBytes && earlier.corrects === corrects && isDeepStrictEqual(earlier.options, options)) return;
  throw new Problem(
    'idempotency_key_reused',
    `Upload ${earlier.id} used the idempotency key ${sameBytes ? 'with other options' : 'for another file'}.`,
    { upload_id: earlier.id },
  );
}

/** @throws Problem upload_option_invalid if the customer has no such upload with rejected rows that the caller may know of */
export async function refuseUncorrectable(
  catalog: Pick<Catalog, 'findUpload'>,
  access: CustomerAccess,
  corrects: UploadId,
): Promise<void> {
  const upload = await catalog.findUpload(corrects);
  if (upload && mayAccessUpload(access, upload) && hasRejectedRows(upload)) return;
  const detail = `Invalid option corrects: customer ${access.customerId} has no upload ${corrects} with rejected rows.`;
  throw new Problem('upload_option_invalid', detail);
}

function hasRejectedRows({ receipt, error }: Upload): boolean {
  return (receipt?.rejected ?? 0) > 0 || error?.code === 'rows_rejected';
}
