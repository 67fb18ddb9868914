import type * as api from '../../api/problems.ts';
import { ERRORS, isErrorCode } from '../../errors.ts';

/** Renders an error as a problem document: a thrown one, or the stored error of a failed upload. */
export function problemJson(failure: {
  readonly code: string;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;
}): api.Problem {
  const code = isErrorCode(failure.code) ? failure.code : 'internal_error';
  const { title, status, hint: generalHint } = ERRORS[code];
  // A problem may know better what to do about it.
  const { hint = generalHint } = failure.extra as { readonly hint?: string };
  return { ...failure.extra, type: `urn:thena:problem:${code}`, title, status, code, detail: failure.detail, hint };
}
