import { Problem } from './errors.ts';

/** By the name of each part, a check that it responds. */
export type Checks = Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;

export interface ReadinessChecks {
  /** Of parts without which no request can be answered. */
  readonly needed: Checks;
  /** Of parts that some requests need. If all nodes went out of service without one that they share, the other requests would be refused, too. */
  readonly others: Checks;
}

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

/**
 * @returns a function that checks all parts, and returns the names of the others that do not respond
 * @throws Problem not_ready, which names all that do not respond, if one of them is needed
 */
export function readiness({ needed, others }: ReadinessChecks): () => Promise<readonly string[]> {
  return async () => {
    const parts = await examine({ ...needed, ...others });
    const failed = parts.filter(({ error }) => error !== null);
    const names = failed.map(({ name }) => name);
    if (!names.some((name) => Object.hasOwn(needed, name))) return names;
    const cause = new AggregateError(failed.map(({ error }) => error));
    throw new Problem('not_ready', `No response from ${names.join(', ')}.`, {}, { cause });
  };
}
