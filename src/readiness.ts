import { Problem } from './errors.ts';

/** By the name of each part, a check that it responds. */
export type Checks = Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;

export interface ReadinessChecks {
  /** Of parts without which no request can be answered. */
  readonly needed: Checks;
  /** Of parts that some requests need. If nodes share one, and all were out of service without it, the other requests would be refused, too. */
  readonly others: Checks;
}

const DEADLINE_MS = 2_000;

/**
 * @returns a function that checks all parts at the same time, and returns the names of the others that do not respond
 * @throws Problem not_ready, which names all that do not respond, if one of them is needed
 */
export function readiness({ needed, others }: ReadinessChecks): () => Promise<readonly string[]> {
  return async () => {
    const [failed, missing] = await Promise.all([failuresOf(needed), failuresOf(others)]);
    const names = [...failed, ...missing].map(({ name }) => name);
    if (failed.length === 0) return names;
    const cause = new AggregateError(failed.map(({ error }) => error));
    throw new Problem('not_ready', `No response from ${names.join(', ')}.`, {}, { cause });
  };
}

async function failuresOf(checks: Checks): Promise<readonly { readonly name: string; readonly error: unknown }[]> {
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
  return outcomes.flat();
}
