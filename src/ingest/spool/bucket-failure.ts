import { Problem } from '../../errors.ts';

/** What the AWS SDK throws, as far as it is used. */
interface S3Failure extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const NO_CREDENTIALS = 'CredentialsProviderError';

/** Of the local disk. */
const DISK_FAILURES: readonly string[] = ['ENOENT', 'ENOSPC', 'EDQUOT', 'EIO', 'EACCES'];

/** Statuses that may be others a moment later, besides all from 500: a timeout, a conflict, too many requests. */
const PASSING: readonly number[] = [408, 409, 429];

/** Whether the object is missing, rather than the bucket. */
export function isMissing(error: unknown): boolean {
  return (error as S3Failure).name === 'NoSuchKey';
}

/** Whether the same request may succeed soon. */
export function mayPass(error: unknown): boolean {
  if (isDiskFailure(error)) return false;
  const status = statusOf(error);
  return status === null || status >= 500 || status < 400 || PASSING.includes(status);
}

/** The failure of a request, as a client may see it; the log has its cause. */
export function bucketFailure(error: unknown): unknown {
  if (isDiskFailure(error)) return error;
  return new Problem('spool_unavailable', detailOf(error as S3Failure), {}, { cause: error });
}

function detailOf(error: S3Failure): string {
  const { name, code } = error;
  const status = statusOf(error);
  if (name === NO_CREDENTIALS) return 'There are no credentials for the bucket of the spool.';
  if (status === null) return `The bucket of the spool cannot be reached (${code ?? name}).`;
  return `The bucket of the spool refused a request (${status} ${name}).`;
}

function statusOf(error: unknown): number | null {
  return (error as S3Failure).$metadata?.httpStatusCode ?? null;
}

function isDiskFailure(error: unknown): boolean {
  return DISK_FAILURES.includes((error as S3Failure).code ?? '');
}
