import { Problem } from './errors.ts';

/** By the name of each part, a check that it responds. */
export type Checks = Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;

const DEADLINE_MS = 2_000;

/** @returns a function that checks all parts at the same time. @throws Problem not_ready, which names those that do not respond */
export function readiness(checks: Checks): () => Promise<void> {
  return async () => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const signal = AbortSignal.timeout(DEADLINE_MS);
        const late = new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error(`no response within ${DEADLINE_MS} ms`))),
        );
        return Promise.race([check(signal), late]).then(
          () => [],
          (error: unknown) => [{ name, error }],
        );
      }),
    );
    const failed = outcomes.flat();
    if (failed.length === 0) return;
    const cause = new AggregateError(failed.map(({ error }) => error));
    throw new Problem('not_ready', `No response from ${failed.map(({ name }) => name).join(', ')}.`, {}, { cause });
  };
}
