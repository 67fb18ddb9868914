import { Problem } from '../../errors.ts';

/**
 * Reads the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), with or without the quotes that the draft
 * requires.
 *
 * @throws Problem idempotency_key_invalid
 */
export function idempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header).trim();
  const unquoted = /^"(.*)"$/.exec(key)?.[1] ?? key;
  if (/^[\x21-\x7e]{1,255}$/.test(unquoted)) return unquoted;
  const isLengthValid = unquoted.length >= 1 && unquoted.length <= 255;
  const why = isLengthValid ? 'characters that are not visible ASCII' : `${unquoted.length} characters`;
  throw new Problem('idempotency_key_invalid', `The Idempotency-Key has ${why}.`);
}
