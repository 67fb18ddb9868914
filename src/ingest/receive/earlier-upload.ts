import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '../../catalog/catalog.ts';
import type { ReceivedFile, Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';

/** What a sender who wants no duplicates is told of the earlier upload of the same bytes. */
export function duplicateOf({ id, createdAt }: Upload): Problem {
  const at = createdAt.toISOString();
  const detail = `These bytes were uploaded before, as upload ${id} at ${at}. Nothing was appended.`;
  return new Problem('duplicate_upload', detail, { upload_id: id, uploaded_at: at });
}

/** @throws Problem idempotency_key_reused where the earlier upload was another file, or asked for something else */
export function refuseOtherUse(
  earlier: Upload,
  file: ReceivedFile,
  { options, corrects }: Pick<Upload, 'options' | 'corrects'>,
): void {
  const sameBytes = earlier.file?.sha256 === file.sha256;
  if (sameBytes && earlier.corrects === corrects && isDeepStrictEqual(earlier.options, options)) return;
  throw new Problem(
    'idempotency_key_reused',
    `The idempotency key was used for upload ${earlier.id}, ${sameBytes ? 'with other options' : 'of another file'}.`,
    { upload_id: earlier.id },
  );
}

/** @throws Problem upload_option_invalid where that is no upload of the customer that had rejected rows: alike for others' */
export async function refuseNotCorrectable(
  catalog: Pick<Catalog, 'findUpload'>,
  { customerId }: CustomerAccess,
  corrects: UploadId,
): Promise<void> {
  const upload = await catalog.findUpload(corrects);
  if (upload?.customerId === customerId && hadRejects(upload)) return;
  const detail = `corrects is ${corrects}, which is no upload of customer ${customerId} that had rejected rows.`;
  throw new Problem('upload_option_invalid', detail);
}

function hadRejects({ receipt, error }: Upload): boolean {
  return (receipt?.rejected ?? 0) > 0 || error?.code === 'rows_rejected';
}
