import { Problem } from '../../errors.ts';

/**
 * Reads the header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), with the quotes that the draft asks for
 * or without.
 *
 * @throws Problem idempotency_key_invalid
 */
export function idempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header).trim();
  const bare = /^"(.*)"$/.exec(key)?.[1] ?? key;
  if (/^[\x21-\x7e]{1,255}$/.test(bare)) return bare;
  throw new Problem('idempotency_key_invalid', `The Idempotency-Key of ${bare.length} characters cannot be used.`);
}
