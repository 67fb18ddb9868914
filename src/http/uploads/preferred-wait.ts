const MAX_WAIT_MS = 300_000;

/**
 * Reads the preference `wait` of a `Prefer` header (RFC 7240, section 4.3).
 *
 * @returns milliseconds, at most five minutes; null without the preference
 */
export function preferredWaitMs(prefer: string | string[] | undefined): number | null {
  const preferences = [prefer ?? []].flat().join(',').split(',');
  for (const preference of preferences) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(;.*)?$/i.exec(preference)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds) * 1000, MAX_WAIT_MS);
  }
  return null;
}
