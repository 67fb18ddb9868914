import { type Static, Type } from 'typebox';

/** Requests of the tus 1.0 protocol, https://tus.io/protocols/resumable-upload. They have headers instead of JSON. */
export const ResumableUploadParams = Type.Object({
  id: Type.String({ description: 'The ID of the resumable upload, and of the upload that it becomes.' }),
});
export type ResumableUploadParams = Static<typeof ResumableUploadParams>;

const version = { 'tus-resumable': Type.String({ examples: ['1.0.0'] }) };
const checksum = {
  'upload-checksum': Type.Optional(
    Type.String({ description: '`sha1` or `sha256`, a space, and the digest of the body in Base64.' }),
  ),
};

export const TusHeaders = Type.Object(version);

export const CreateResumableUploadHeaders = Type.Object({
  ...version,
  'upload-length': Type.Integer({ minimum: 1, description: 'Size of the file in bytes.' }),
  'upload-metadata': Type.String({
    description:
      'Names and Base64 values, separated by commas: `customer_id` (required), `filename`, and upload options.',
    examples: ['customer_id MTAwMA==,filename ZXZlbnRzLmNzdg=='],
  }),
  ...checksum,
});

export const AppendHeaders = Type.Object({
  ...version,
  'upload-offset': Type.Integer({ minimum: 0, description: 'Position of the first byte of the body in the file.' }),
  ...checksum,
});
