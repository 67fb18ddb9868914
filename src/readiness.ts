import { Problem } from './errors.ts';

/** By the name of each part, a check that it responds. */
export type Checks = Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;

/** What became of the check of a part. */
export interface PartState {
  readonly name: string;
  readonly ms: number;
  /** Null: it responds. */
  readonly error: Error | null;
}

const DEADLINE_MS = 2_000;

/** Checks all parts at the same time. */
export function examine(checks: Checks): Promise<readonly PartState[]> {
  return Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const startedAt = performance.now();
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const late = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error(`no response within ${DEADLINE_MS} ms`))),
      );
      const error = await Promise.race([check(signal), late]).then(
        () => null,
        (reason: Error) => reason,
      );
      return { name, ms: Math.round(performance.now() - startedAt), error };
    }),
  );
}

/** @returns a function that checks all parts. @throws Problem not_ready, which names those that do not respond */
export function readiness(checks: Checks): () => Promise<void> {
  return async () => {
    const failed = (await examine(checks)).filter(({ error }) => error !== null);
    if (failed.length === 0) return;
    const cause = new AggregateError(failed.map(({ error }) => error));
    throw new Problem('not_ready', `No response from ${failed.map(({ name }) => name).join(', ')}.`, {}, { cause });
  };
}
